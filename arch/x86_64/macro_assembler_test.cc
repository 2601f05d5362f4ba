// SPDX-License-Identifier: MIT
//
// What the macro assembler chooses, in bytes; what its choices compute is
// tested by the *_run_test.cc.
#include "arch/x86_64/macro_assembler.h"

#include <functional>
#include <string>
#include <vector>

#include "arch/x86_64/golden_test_util.h"
#include "gtest/gtest.h"

namespace ebpf::x86_64 {
namespace {

using isa::Operation;
using machine::InsnContext;
using machine::kFramePointerReg;
using machine::kLocalDistance;
using machine::kNoReg;
using machine::kTemp0;
using machine::kTemp1;
using machine::Operand;
using machine::Reg;

class MacroAssemblerTest : public testing::Test {
 protected:
  using Body = std::function<void(MacroAssembler&)>;

  static std::vector<uint8_t> Emit(const Body& body, uint64_t features,
                                   const InsnContext& context) {
    std::vector<uint8_t> memory(512);
    machine::CodeBuffer buffer;
    buffer.Use({memory.data(), memory.size()});
    MacroAssembler masm(buffer, features);
    masm.context = context;
    body(masm);
    memory.resize(buffer.size());
    return memory;
  }
  void Expect(const std::string& text, const Body& body, uint64_t features = 0,
              const InsnContext& context = {}) {
    golden_.Expect(text, Golden::Hex(Emit(body, features, context)));
  }
  void ExpectNothing(const Body& body, const InsnContext& context = {}) {
    EXPECT_TRUE(Emit(body, 0, context).empty());
  }
  void ExpectAlu(const std::string& text, Operation op, unsigned width, Reg dst,
                 Reg lhs, Operand rhs, const InsnContext& context = {}) {
    Expect(
        text, [&](MacroAssembler& m) { m.Alu(op, width, dst, lhs, rhs); }, 0,
        context);
  }
  void ExpectBranch(const std::string& text, Operation op, unsigned width,
                    Reg lhs, Operand rhs) {
    Expect(text, [&](MacroAssembler& m) {
      m.Branch(op, width, lhs, rhs, kLocalDistance);
    });
  }

  void Constants();
  void Moves();
  void Additions();
  void Logic();
  void Multiplications();
  void Shifts();
  void Divisions();
  void OtherArithmetic();
  void Memories();
  void Comparisons();
  void Flags();
  void Frames();

  Golden golden_{"macro_assembler"};

  /// Nobody reads upper halves, or nothing at all.
  static constexpr InsnContext kNoUpper = {.live_upper_after = 0};
  static constexpr InsnContext kNothing = {0, 0};
};

void MacroAssemblerTest::Constants() {
  const auto constant = [&](const std::string& text, Reg dst, uint64_t value,
                            const InsnContext& context = {}) {
    Expect(text, [&](MacroAssembler& m) { m.MovImm(dst, value); }, 0, context);
  };
  constant("xor eax, eax", 0, 0);
  constant("xor r8d, r8d", 5, 0);
  constant("mov edi, 1", 1, 1);
  constant("mov edi, 4294967295", 1, 0xffffffff);
  constant("mov rdi, -1", 1, ~uint64_t{0});
  constant("mov rdi, -2147483648", 1, 0xffffffff80000000);
  constant("movabs rdi, 4294967296", 1, 0x100000000);
  constant("mov edi, 4294967295", 1, ~uint64_t{0}, kNoUpper);
  constant("movabs r10, 4294967296", kTemp0, 0x100000000, kNoUpper);
}

void MacroAssemblerTest::Moves() {
  Expect("mov rdi, rsi", [](MacroAssembler& m) { m.Mov(64, 1, 2); });
  Expect("mov edi, esi", [](MacroAssembler& m) { m.Mov(32, 1, 2); });
  Expect("mov edi, edi", [](MacroAssembler& m) { m.Mov(32, 1, 1); });
  Expect(
      "mov edi, esi", [](MacroAssembler& m) { m.Mov(64, 1, 2); }, 0, kNoUpper);
  Expect("mov rsi, r13",
         [](MacroAssembler& m) { m.Mov(64, 2, kFramePointerReg); });
  ExpectNothing([](MacroAssembler& m) { m.Mov(64, 6, 6); });
  ExpectNothing([](MacroAssembler& m) { m.Mov(32, 6, 6); }, kNoUpper);
  ExpectNothing([](MacroAssembler& m) {
    m.Alu(Operation::kAdd, 64, 6, 6, Operand::Imm(0));
  });
}

void MacroAssemblerTest::Additions() {
  const Operation add = Operation::kAdd;
  const Operation sub = Operation::kSub;
  ExpectAlu("add rdi, rsi", add, 64, 1, 1, Operand::Of(2));
  ExpectAlu("add edi, esi", add, 64, 1, 1, Operand::Of(2), kNoUpper);
  ExpectAlu("add rdi, rsi", add, 64, 1, 2, Operand::Of(1));
  ExpectAlu("lea rdi, [rsi + rdx]", add, 64, 1, 2, Operand::Of(3));
  ExpectAlu("lea rdi, [rsi + r13]", add, 64, 1, kFramePointerReg,
            Operand::Of(2));
  ExpectAlu("lea edi, [rsi + rdx]", add, 32, 1, 2, Operand::Of(3));
  ExpectAlu("inc rdi", add, 64, 1, 1, Operand::Imm(1));
  ExpectAlu("dec edi", add, 32, 1, 1, Operand::Imm(-1));
  ExpectAlu("dec rdi", sub, 64, 1, 1, Operand::Imm(1));
  ExpectAlu("add rdi, 127", add, 64, 1, 1, Operand::Imm(127));
  ExpectAlu("sub rdi, -128", add, 64, 1, 1, Operand::Imm(128));
  ExpectAlu("add rdi, 129", add, 64, 1, 1, Operand::Imm(129));
  ExpectAlu("add rdi, -5", sub, 64, 1, 1, Operand::Imm(5));
  ExpectAlu("sub rdi, -2147483648", sub, 64, 1, 1, Operand::Imm(INT32_MIN));
  ExpectAlu("lea rdi, [rsi + 8]", add, 64, 1, 2, Operand::Imm(8));
  ExpectAlu("lea rdi, [r13 - 16]", add, 64, 1, kFramePointerReg,
            Operand::Imm(-16));
  ExpectAlu("sub rdi, rsi", sub, 64, 1, 1, Operand::Of(2));
  ExpectAlu("neg rdi; add rdi, rsi", sub, 64, 1, 2, Operand::Of(1));
  ExpectAlu("mov rdi, rsi; sub rdi, rdx", sub, 64, 1, 2, Operand::Of(3));
  // The temporaries are not part of what the compiler knows.
  ExpectAlu("add r10, rsi", add, 64, kTemp0, kTemp0, Operand::Of(2), kNoUpper);
  ExpectAlu("add r13, -16", add, 64, kFramePointerReg, kFramePointerReg,
            Operand::Imm(-16), kNothing);
}

void MacroAssemblerTest::Logic() {
  const Operation op = Operation::kAnd;
  ExpectAlu("movzx edi, dil", op, 64, 1, 1, Operand::Imm(0xff));
  ExpectAlu("movzx edi, si", op, 32, 1, 2, Operand::Imm(0xffff));
  ExpectAlu("xor edi, edi", op, 64, 1, 1, Operand::Imm(0));
  ExpectAlu("and edi, 2147483647", op, 64, 1, 1, Operand::Imm(INT32_MAX));
  ExpectAlu("and rdi, -8", op, 64, 1, 1, Operand::Imm(-8));
  ExpectAlu("mov edi, esi; and edi, 15", op, 64, 1, 2, Operand::Imm(15));
  ExpectAlu("mov edi, edi", op, 32, 1, 1, Operand::Imm(-1));
  ExpectAlu("not rdi", Operation::kXor, 64, 1, 1, Operand::Imm(-1));
  ExpectAlu("xor rdi, 7", Operation::kXor, 64, 1, 1, Operand::Imm(7));
  ExpectAlu("or rdi, 7", Operation::kOr, 64, 1, 1, Operand::Imm(7));
  ExpectAlu("or eax, 4660", Operation::kOr, 32, 0, 0, Operand::Imm(4660));
  ExpectAlu("or rdi, rsi", Operation::kOr, 64, 1, 2, Operand::Of(1));
}

void MacroAssemblerTest::Multiplications() {
  const Operation op = Operation::kMul;
  ExpectAlu("imul rdi, rsi", op, 64, 1, 1, Operand::Of(2));
  ExpectAlu("imul rdi, rsi", op, 64, 1, 2, Operand::Of(1));
  ExpectAlu("lea rdi, [rsi + 2*rsi]", op, 64, 1, 2, Operand::Imm(3));
  ExpectAlu("lea edi, [rdi + 4*rdi]", op, 32, 1, 1, Operand::Imm(5));
  ExpectAlu("lea rdi, [rdi + 8*rdi]", op, 64, 1, 1, Operand::Imm(9));
  ExpectAlu("shl rdi, 4", op, 64, 1, 1, Operand::Imm(16));
  ExpectAlu("neg rdi", op, 64, 1, 1, Operand::Imm(-1));
  ExpectAlu("imul rdi, rsi, 7", op, 64, 1, 2, Operand::Imm(7));
  ExpectAlu("imul edi, edi, 1000", op, 64, 1, 1, Operand::Imm(1000), kNoUpper);
}

void MacroAssemblerTest::Shifts() {
  const Operation lsh = Operation::kLsh;
  ExpectAlu("add rdi, rdi", lsh, 64, 1, 1, Operand::Imm(1));
  ExpectAlu("lea rdi, [rsi + rsi]", lsh, 64, 1, 2, Operand::Imm(1));
  ExpectAlu("mov rdi, rsi; shl rdi, 13", lsh, 64, 1, 2, Operand::Imm(13));
  ExpectAlu("shl edi, 31", lsh, 64, 1, 1, Operand::Imm(31), kNoUpper);
  ExpectAlu("shl rdi, 32", lsh, 64, 1, 1, Operand::Imm(32), kNoUpper);
  ExpectAlu("shr rdi, 7", Operation::kRsh, 64, 1, 1, Operand::Imm(7), kNoUpper);
  ExpectAlu("sar edi", Operation::kArsh, 32, 1, 1, Operand::Imm(1));
  const auto by_register = [&](const std::string& text, Reg dst, Reg lhs,
                               Reg rhs, uint64_t features,
                               const InsnContext& context = {}) {
    Expect(
        text,
        [&](MacroAssembler& m) { m.Alu(lsh, 64, dst, lhs, Operand::Of(rhs)); },
        features, context);
  };
  by_register("shlx rdi, rdi, rsi", 1, 1, 2, kFeatureBmi2);
  by_register("shl rdi, cl", 1, 1, 4, 0);
  by_register("mov r9, rcx; mov ecx, esi; shl rdi, cl; mov rcx, r9", 1, 1, 2,
              0);
  by_register("mov ecx, esi; shl rdi, cl", 1, 1, 2, 0, kNothing);
  by_register("mov r9, rdi; mov ecx, esi; shl r9, cl; mov rcx, r9", 4, 1, 2, 0);
}

void MacroAssemblerTest::Divisions() {
  const auto divide = [&](const std::string& text, Operation op, unsigned width,
                          Reg dst, Reg rhs, bool non_zero,
                          const InsnContext& context = {}) {
    Expect(
        text,
        [&](MacroAssembler& m) {
          m.Divide(op, width, dst, dst, rhs, non_zero);
        },
        0, context);
  };
  divide("xor edx, edx; div rdi", Operation::kDiv, 64, 0, 1, true, kNothing);
  divide("mov eax, r8d; xor edx, edx; div edi; mov r8d, edx", Operation::kMod,
         32, 5, 1, true, kNothing);
  divide("xor edx, edx; test edi, edi; je here + 10; div edi; mov eax, edx",
         Operation::kMod, 32, 0, 1, false, kNothing);
  divide(
      "mov r9, rax; push rdx; mov eax, r8d; xor edx, edx; div edi; "
      "mov r8d, eax; mov rax, r9; pop rdx",
      Operation::kDiv, 32, 5, 1, true);
  divide(
      "lea edx, [rdi + 1]; cmp edx, 1; jbe here + 13; cdq; idiv edi; "
      "jmp here + 16; imul eax, edi",
      Operation::kSDiv, 32, 0, 1, false, kNothing);
  Expect(
      "mov r9, rdx; mov rdx, rdi; mulx rdi, rdi, rsi; mov rdx, r9",
      [](MacroAssembler& m) { m.MultiplyHigh(1, 1, 2); }, kFeatureBmi2);
  Expect(
      "mulx rdi, rdi, rsi", [](MacroAssembler& m) { m.MultiplyHigh(1, 2, 3); },
      kFeatureBmi2);
  Expect(
      "mov rax, rdi; mul rsi; mov rdi, rdx",
      [](MacroAssembler& m) { m.MultiplyHigh(1, 1, 2); }, 0, kNothing);
}

void MacroAssemblerTest::OtherArithmetic() {
  Expect("neg rdi", [](MacroAssembler& m) { m.Negate(64, 1, 1); });
  Expect("bswap edi; shr edi, 16",
         [](MacroAssembler& m) { m.ByteSwap(16, 1, 1); });
  Expect("mov rdi, rsi; bswap rdi",
         [](MacroAssembler& m) { m.ByteSwap(64, 1, 2); });
  Expect("movzx edi, sil", [](MacroAssembler& m) { m.ZeroExtend(8, 1, 2); });
  Expect("movsx rdi, si",
         [](MacroAssembler& m) { m.SignExtend(16, 64, 1, 2); });
  Expect(
      "movsx edi, si", [](MacroAssembler& m) { m.SignExtend(16, 64, 1, 2); }, 0,
      kNoUpper);
  Expect("movsxd rdi, esi",
         [](MacroAssembler& m) { m.SignExtend(32, 64, 1, 2); });
  Expect("rol rdi, 13", [](MacroAssembler& m) { m.RotateLeft(64, 1, 1, 13); });
  Expect(
      "rorx rdi, rsi, 51",
      [](MacroAssembler& m) { m.RotateLeft(64, 1, 2, 13); }, kFeatureBmi2);
  Expect("movzx esi, ah", [](MacroAssembler& m) { m.ExtractBits(2, 0, 8, 8); });
  Expect("mov edi, esi; shr edi, 24",
         [](MacroAssembler& m) { m.ExtractBits(1, 2, 24, 8); });
  Expect("shr rdi, 30; and edi, 15",
         [](MacroAssembler& m) { m.ExtractBits(1, 1, 30, 4); });
  Expect("shr rdi, 60", [](MacroAssembler& m) { m.ExtractBits(1, 1, 60, 4); });
}

void MacroAssemblerTest::Memories() {
  Expect("movzx eax, byte ptr [rdi + 4]",
         [](MacroAssembler& m) { m.Load(8, false, 0, {1, kNoReg, 0, 4}); });
  Expect("movsxd rax, dword ptr [rdi + 8*rsi]",
         [](MacroAssembler& m) { m.Load(32, true, 0, {1, 2, 3, 0}); });
  Expect("mov byte ptr [rdi], sil", [](MacroAssembler& m) {
    m.Store(8, {1, kNoReg, 0, 0}, Operand::Of(2));
  });
  Expect("mov qword ptr [r13 - 8], -1", [](MacroAssembler& m) {
    m.Store(64, {kFramePointerReg, kNoReg, 0, -8}, Operand::Imm(-1));
  });
  Expect("movzx eax, word ptr [rdi]; rol ax, 8",
         [](MacroAssembler& m) { m.LoadSwapped(16, 0, {1, kNoReg, 0, 0}); });
  Expect(
      "movbe eax, dword ptr [rdi]",
      [](MacroAssembler& m) { m.LoadSwapped(32, 0, {1, kNoReg, 0, 0}); },
      kFeatureMovbe);
  Expect("add qword ptr [rdi + 8], 1", [](MacroAssembler& m) {
    m.MemoryAlu(Operation::kAdd, 64, {1, kNoReg, 0, 8}, Operand::Imm(1));
  });
  Expect("xor rax, qword ptr [rdi + 8]", [](MacroAssembler& m) {
    m.AluMemory(Operation::kXor, 64, 0, {1, kNoReg, 0, 8});
  });
  Expect("add rdi, rsi",
         [](MacroAssembler& m) { m.LoadAddress(1, {1, 2, 0, 0}); });
  Expect("lea rdi, [rsi + 8*rdx + 16]",
         [](MacroAssembler& m) { m.LoadAddress(1, {2, 3, 3, 16}); });
  Expect("lock; xadd qword ptr [rdi], rsi", [](MacroAssembler& m) {
    m.AtomicFetch(Operation::kAdd, 64, {1, kNoReg, 0, 0}, 2);
  });
  Expect(
      "lock; or qword ptr [rdi], rsi",
      [](MacroAssembler& m) {
        m.AtomicFetch(Operation::kOr, 64, {1, kNoReg, 0, 0}, 2);
      },
      0, kNothing);
  Expect(
      "mov rax, qword ptr [rdi]; mov r9, rax; or r9, rsi; "
      "lock; cmpxchg qword ptr [rdi], r9; jne here + 3; mov rsi, rax",
      [](MacroAssembler& m) {
        m.AtomicFetch(Operation::kOr, 64, {1, kNoReg, 0, 0}, 2);
      },
      0, {.live_after = 1 << 2});
  Expect(
      "lock; cmpxchg dword ptr [rdi], esi; mov eax, eax",
      [](MacroAssembler& m) { m.CompareExchange(32, {1, kNoReg, 0, 0}, 2); });
}

void MacroAssemblerTest::Comparisons() {
  ExpectBranch("cmp rdi, rsi; ja here + 5", Operation::kGt, 64, 1,
               Operand::Of(2));
  ExpectBranch("cmp edi, 7; jle here + 5", Operation::kSLe, 32, 1,
               Operand::Imm(7));
  ExpectBranch("test rdi, rdi; je here + 5", Operation::kEq, 64, 1,
               Operand::Imm(0));
  ExpectBranch("test rdi, rdi; js here + 5", Operation::kSLt, 64, 1,
               Operand::Imm(0));
  ExpectBranch("test rdi, rdi; jne here + 5", Operation::kGt, 64, 1,
               Operand::Imm(0));
  ExpectBranch("test rdi, rdi; je here + 5", Operation::kLt, 64, 1,
               Operand::Imm(1));
  ExpectBranch("test rdi, rdi; jns here + 5", Operation::kSGt, 64, 1,
               Operand::Imm(-1));
  ExpectBranch("cmp rdi, 127; ja here + 6", Operation::kGe, 64, 1,
               Operand::Imm(128));
  ExpectBranch("test dil, 4; jne here + 6", Operation::kSet, 64, 1,
               Operand::Imm(4));
  ExpectBranch("test edi, 256; jne here + 8", Operation::kSet, 64, 1,
               Operand::Imm(256));
  ExpectBranch("test rdi, -256; jne here + 9", Operation::kSet, 64, 1,
               Operand::Imm(-256));
  Expect("cmp rdi, rsi; cmovb rdx, rcx", [](MacroAssembler& m) {
    m.MoveIf(Operation::kLt, 64, 1, Operand::Of(2), 3, 4);
  });
}

void MacroAssemblerTest::Flags() {
  const auto after = [&](const std::string& text, Operation op, unsigned width,
                         bool at_target = false) {
    Expect(text, [&](MacroAssembler& m) {
      m.Alu(Operation::kAdd, 64, 1, 1, Operand::Imm(-1));
      if (at_target) {
        m.AtTarget();
      }
      m.Branch(op, width, 1, Operand::Imm(0), kLocalDistance);
    });
  };
  after("dec rdi; jne here + 5", Operation::kNe, 64);
  after("dec rdi; js here + 5", Operation::kSLt, 64);
  after("dec rdi; test rdi, rdi; jg here + 8", Operation::kSGt, 64);
  after("dec rdi; test edi, edi; jne here + 7", Operation::kNe, 32);
  after("dec rdi; test rdi, rdi; jne here + 8", Operation::kNe, 64, true);
  Expect("and edi, 6; jg here + 5", [](MacroAssembler& m) {
    m.Alu(Operation::kAnd, 32, 1, 1, Operand::Imm(6));
    m.Branch(Operation::kSGt, 32, 1, Operand::Imm(0), kLocalDistance);
  });
  Expect("cmp rdi, rsi; ja here + 5; je here + 7", [](MacroAssembler& m) {
    m.Branch(Operation::kGt, 64, 1, Operand::Of(2), kLocalDistance);
    m.Branch(Operation::kEq, 64, 1, Operand::Of(2), kLocalDistance);
  });
}

void MacroAssemblerTest::Frames() {
  const machine::FrameInfo kLeaf = {.saved = 1 << 6, .calls = false};
  const machine::FrameInfo kOdd = {.saved = 1 << 6 | 3 << 8, .calls = true};
  const machine::FrameInfo kEven = {.saved = 3 << 7, .calls = true};
  Expect("push rbx", [&](MacroAssembler& m) { m.Prologue(kLeaf); });
  Expect("pop rbx", [&](MacroAssembler& m) { m.Epilogue(kLeaf); });
  Expect("push rbp; mov rbp, rsp; push rbx; push r15; push r12; push rax",
         [&](MacroAssembler& m) { m.Prologue(kOdd); });
  Expect("pop r9; pop r12; pop r15; pop rbx; pop rbp",
         [&](MacroAssembler& m) { m.Epilogue(kOdd); });
  // Nothing wants rsp to be a multiple of 16.
  const machine::FrameInfo kOwn = {
      .saved = 1 << 6, .calls = true, .calls_c = false};
  Expect("push rbp; mov rbp, rsp; push rbx",
         [&](MacroAssembler& m) { m.Prologue(kOwn); });
  Expect("pop rbx; pop rbp", [&](MacroAssembler& m) { m.Epilogue(kOwn); });
  Expect("push rbp; mov rbp, rsp; push r14; push r15",
         [&](MacroAssembler& m) { m.Prologue(kEven); });
  Expect("pop r15; pop r14; pop rbp",
         [&](MacroAssembler& m) { m.Epilogue(kEven); });
}

TEST_F(MacroAssemblerTest, ChoosesShortForms) {
  Constants();
  Moves();
  Additions();
  Logic();
  Multiplications();
  Shifts();
  Divisions();
  OtherArithmetic();
  Memories();
  Comparisons();
  Flags();
  Frames();
  golden_.ExpectAllUsed(100);
}

}  // namespace
}  // namespace ebpf::x86_64
