// SPDX-License-Identifier: MIT
#include "arch/x86_64/encoder.h"

#include <functional>
#include <string>
#include <vector>

#include "arch/x86_64/golden_test_util.h"
#include "core/machine/code_buffer.h"
#include "gtest/gtest.h"

namespace ebpf::x86_64 {
namespace {

const char* const kNames64[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp",
                                "rsi", "rdi", "r8",  "r9",  "r10", "r11",
                                "r12", "r13", "r14", "r15"};
const char* const kNames32[] = {"eax",  "ecx",  "edx",  "ebx", "esp",  "ebp",
                                "esi",  "edi",  "r8d",  "r9d", "r10d", "r11d",
                                "r12d", "r13d", "r14d", "r15d"};
const char* const kNames16[] = {"ax",   "cx",   "dx",   "bx",  "sp",   "bp",
                                "si",   "di",   "r8w",  "r9w", "r10w", "r11w",
                                "r12w", "r13w", "r14w", "r15w"};
const char* const kNames8[] = {"al",   "cl",   "dl",   "bl",  "spl",  "bpl",
                               "sil",  "dil",  "r8b",  "r9b", "r10b", "r11b",
                               "r12b", "r13b", "r14b", "r15b"};

std::string R(bool wide, unsigned reg) {
  return wide ? kNames64[reg] : kNames32[reg];
}

const char* Size(unsigned bits) {
  return bits == 8    ? "byte ptr "
         : bits == 16 ? "word ptr "
         : bits == 32 ? "dword ptr "
                      : "qword ptr ";
}

std::string Text(unsigned bits, const Memory& memory) {
  std::string text = Size(bits) + std::string("[") + kNames64[memory.base];
  if (memory.index != Memory::kNoIndex) {
    text += std::string(" + ") + std::to_string(1 << memory.scale) + "*" +
            kNames64[memory.index];
  }
  if (memory.offset != 0) {
    text += memory.offset < 0 ? " - " : " + ";
    text += std::to_string(memory.offset < 0 ? -int64_t{memory.offset}
                                             : int64_t{memory.offset});
  }
  return text + "]";
}

/// Registers whose encodings differ in each way that matters.
constexpr unsigned kRegs[] = {kRax, kRcx, kRdi, kRsi, kR8, kR12, kR13};

const Memory kMemories[] = {
    {kRax},
    {kRdi, Memory::kNoIndex, 0, 8},
    {kR12},
    {kR12, Memory::kNoIndex, 0, 16},
    {kR13},
    {kR13, Memory::kNoIndex, 0, -512},
    {kRbx, Memory::kNoIndex, 0, -128},
    {kR15, Memory::kNoIndex, 0, 127},
    {kRsi, Memory::kNoIndex, 0, 128},
    {kRdi, Memory::kNoIndex, 0, INT32_MIN},
    {kRdi, kRax, 0, 0},
    {kR9, kR12, 3, 0},
    {kR13, kRcx, 2, 0},
    {kRax, kR13, 1, -129},
    {kR12, kR8, 3, INT32_MAX},
};

constexpr int32_t kConstants[] = {
    1, -1, 127, -128, 128, -129, 0x12345678, INT32_MIN,
};

class EncoderTest : public testing::Test {
 protected:
  void Expect(const std::string& text,
              const std::function<void(Encoder&)>& emit) {
    std::vector<uint8_t> memory(256);
    machine::CodeBuffer buffer;
    buffer.Use({memory.data(), memory.size()});
    Encoder encoder(buffer);
    emit(encoder);
    memory.resize(buffer.size());
    golden_.Expect(text, Golden::Hex(memory));
  }

  void TwoRegisters();
  void OneRegister();
  void Extensions();
  void Constants();
  void Shifts();
  void Bmi2();
  void Accesses();
  void AccessesWithConstants();
  void AtomicAccesses();
  void Jumps();

  Golden golden_{"encoder"};
};

const struct {
  const char* name;
  AluCode code;
} kAluCodes[] = {{"add", AluCode::kAdd}, {"or", AluCode::kOr},
                 {"and", AluCode::kAnd}, {"sub", AluCode::kSub},
                 {"xor", AluCode::kXor}, {"cmp", AluCode::kCmp}};

const struct {
  const char* name;
  Condition condition;
} kConditions[] = {
    {"b", Condition::kB},   {"ae", Condition::kAe}, {"e", Condition::kE},
    {"ne", Condition::kNe}, {"be", Condition::kBe}, {"a", Condition::kA},
    {"s", Condition::kS},   {"ns", Condition::kNs}, {"l", Condition::kL},
    {"ge", Condition::kGe}, {"le", Condition::kLe}, {"g", Condition::kG}};

void EncoderTest::TwoRegisters() {
  for (const bool w : {false, true}) {
    for (const unsigned a : kRegs) {
      for (const unsigned b : kRegs) {
        const std::string both = R(w, a) + ", " + R(w, b);
        Expect("mov " + both, [&](Encoder& e) { e.Mov(w, a, b); });
        Expect("test " + both, [&](Encoder& e) { e.Test(w, a, b); });
        Expect("imul " + both, [&](Encoder& e) { e.Imul(w, a, b); });
      }
      const unsigned b = a == kR13 ? kRdx : kR14;
      const std::string both = R(w, a) + ", " + R(w, b);
      for (const auto& alu : kAluCodes) {
        Expect(alu.name + (" " + both),
               [&](Encoder& e) { e.Alu(alu.code, w, a, b); });
      }
      for (const auto& [name, condition] : kConditions) {
        Expect(std::string("cmov") + name + " " + both,
               [&](Encoder& e) { e.Cmov(condition, w, a, b); });
      }
    }
  }
}

void EncoderTest::OneRegister() {
  const struct {
    const char* name;
    UnaryCode code;
  } kUnary[] = {{"not", UnaryCode::kNot},
                {"neg", UnaryCode::kNeg},
                {"mul", UnaryCode::kMul},
                {"div", UnaryCode::kDiv},
                {"idiv", UnaryCode::kIdiv}};
  for (const bool w : {false, true}) {
    for (const unsigned a : kRegs) {
      for (const auto& unary : kUnary) {
        Expect(unary.name + (" " + R(w, a)),
               [&](Encoder& e) { e.Unary(unary.code, w, a); });
      }
      Expect("inc " + R(w, a), [&](Encoder& e) { e.Inc(w, a); });
      Expect("dec " + R(w, a), [&](Encoder& e) { e.Dec(w, a); });
      Expect("bswap " + R(w, a), [&](Encoder& e) { e.Bswap(w, a); });
    }
    Expect(w ? "cqo" : "cdq", [&](Encoder& e) { e.Cdq(w); });
  }
  for (const unsigned a : kRegs) {
    Expect("push " + R(true, a), [&](Encoder& e) { e.Push(a); });
    Expect("pop " + R(true, a), [&](Encoder& e) { e.Pop(a); });
    Expect("jmp " + R(true, a), [&](Encoder& e) { e.JmpTo(a); });
    Expect("call " + R(true, a), [&](Encoder& e) { e.CallTo(a); });
  }
  Expect("push rbp", [](Encoder& e) { e.Push(kRbp); });
  Expect("mov rbp, rsp", [](Encoder& e) { e.Mov(true, kRbp, kRsp); });
  Expect("ret", [](Encoder& e) { e.Ret(); });
}

void EncoderTest::Extensions() {
  for (const unsigned a : kRegs) {
    for (const unsigned b : {kRax, kRbx, kRsi, kR12}) {
      const std::string to = R(false, a) + ", ";
      const std::string to64 = R(true, a) + ", ";
      Expect("movzx " + to + kNames8[b], [&](Encoder& e) { e.Movzx8(a, b); });
      Expect("movzx " + to + kNames16[b], [&](Encoder& e) { e.Movzx16(a, b); });
      Expect("movsx " + to + kNames8[b],
             [&](Encoder& e) { e.Movsx8(false, a, b); });
      Expect("movsx " + to64 + kNames8[b],
             [&](Encoder& e) { e.Movsx8(true, a, b); });
      Expect("movsx " + to + kNames16[b],
             [&](Encoder& e) { e.Movsx16(false, a, b); });
      Expect("movsx " + to64 + kNames16[b],
             [&](Encoder& e) { e.Movsx16(true, a, b); });
      Expect("movsxd " + to64 + R(false, b),
             [&](Encoder& e) { e.Movsxd(a, b); });
    }
    if (a < 8) {
      Expect("movzx " + R(false, a) + ", ah",
             [&](Encoder& e) { e.MovzxSecond(a, kRax); });
      Expect("movzx " + R(false, a) + ", bh",
             [&](Encoder& e) { e.MovzxSecond(a, kRbx); });
    }
  }
}

void EncoderTest::Constants() {
  for (const unsigned a : kRegs) {
    Expect("mov " + R(false, a) + ", 2882400001",
           [&](Encoder& e) { e.MovImm32(a, 0xabcdef01); });
    Expect("mov " + R(true, a) + ", -2",
           [&](Encoder& e) { e.MovImmSigned(a, -2); });
    Expect("movabs " + R(true, a) + ", 81985529216486895",
           [&](Encoder& e) { e.MovImm64(a, 0x0123456789abcdef); });
    for (const uint32_t imm : {1u, 127u, 128u, 255u}) {
      Expect(std::string("test ") + kNames8[a] + ", " + std::to_string(imm),
             [&](Encoder& e) { e.Test8(a, imm); });
    }
    for (const int32_t imm : kConstants) {
      for (const bool w : {false, true}) {
        const std::string to = R(w, a) + ", ";
        const std::string last = std::to_string(imm);
        const auto& alu = kAluCodes[(a + static_cast<uint8_t>(imm)) % 6];
        Expect(alu.name + (" " + to + last),
               [&](Encoder& e) { e.Alu(alu.code, w, a, imm); });
        Expect("test " + to + last, [&](Encoder& e) { e.Test(w, a, imm); });
        Expect("imul " + to + R(w, kR11) + ", " + last,
               [&](Encoder& e) { e.Imul(w, a, kR11, imm); });
      }
    }
  }
}

void EncoderTest::Shifts() {
  const struct {
    const char* name;
    ShiftCode code;
  } kShifts[] = {{"rol", ShiftCode::kRol},
                 {"shl", ShiftCode::kShl},
                 {"shr", ShiftCode::kShr},
                 {"sar", ShiftCode::kSar}};
  for (const auto& shift : kShifts) {
    for (const bool w : {false, true}) {
      for (const unsigned a : {kRax, kRsi, kR12}) {
        for (const unsigned count : {1u, 2u, 31u}) {
          Expect(shift.name + (" " + R(w, a)) + ", " + std::to_string(count),
                 [&](Encoder& e) { e.Shift(shift.code, w, a, count); });
        }
        Expect(shift.name + (" " + R(w, a)) + ", cl",
               [&](Encoder& e) { e.ShiftByCl(shift.code, w, a); });
      }
    }
  }
  Expect("rol di, 8", [](Encoder& e) { e.Rol16(kRdi, 8); });
  Expect("rol r14w, 8", [](Encoder& e) { e.Rol16(kR14, 8); });
}

void EncoderTest::Bmi2() {
  for (const bool w : {false, true}) {
    for (const unsigned a : {kRax, kRdi, kR14}) {
      for (const unsigned b : {kRbx, kR8}) {
        for (const unsigned c : {kRcx, kR13}) {
          const std::string all = R(w, a) + ", " + R(w, b) + ", " + R(w, c);
          Expect("shlx " + all,
                 [&](Encoder& e) { e.ShiftX(ShiftCode::kShl, w, a, b, c); });
          Expect("shrx " + all,
                 [&](Encoder& e) { e.ShiftX(ShiftCode::kShr, w, a, b, c); });
          Expect("sarx " + all,
                 [&](Encoder& e) { e.ShiftX(ShiftCode::kSar, w, a, b, c); });
          Expect("mulx " + all, [&](Encoder& e) { e.Mulx(w, a, b, c); });
        }
        Expect("rorx " + R(w, a) + ", " + R(w, b) + ", 17",
               [&](Encoder& e) { e.Rorx(w, a, b, 17); });
      }
    }
  }
}

void EncoderTest::Accesses() {
  const unsigned kOthers[] = {kRax, kRsi, kR9};
  unsigned next = 0;
  for (const Memory& m : kMemories) {
    const unsigned a = kOthers[next++ % 3];
    Expect("movzx " + R(false, a) + ", " + Text(8, m),
           [&](Encoder& e) { e.LoadZx8(a, m); });
    Expect("movzx " + R(false, a) + ", " + Text(16, m),
           [&](Encoder& e) { e.LoadZx16(a, m); });
    Expect("movsxd " + R(true, a) + ", " + Text(32, m),
           [&](Encoder& e) { e.LoadSx32(a, m); });
    Expect("mov " + Text(8, m) + ", " + kNames8[a],
           [&](Encoder& e) { e.Store8(m, a); });
    Expect("mov " + Text(16, m) + ", " + kNames16[a],
           [&](Encoder& e) { e.Store16(m, a); });
    for (const bool w : {false, true}) {
      const std::string text = Text(w ? 64 : 32, m);
      const std::string to = R(w, a) + ", ";
      Expect("lea " + to + text.substr(text.find('[')),
             [&](Encoder& e) { e.Lea(w, a, m); });
      Expect("mov " + to + text, [&](Encoder& e) { e.Load(w, a, m); });
      Expect("mov " + text + ", " + R(w, a),
             [&](Encoder& e) { e.Store(w, m, a); });
      Expect("movbe " + to + text, [&](Encoder& e) { e.Movbe(w, a, m); });
      Expect("movsx " + to + Text(8, m),
             [&](Encoder& e) { e.LoadSx8(w, a, m); });
      Expect("movsx " + to + Text(16, m),
             [&](Encoder& e) { e.LoadSx16(w, a, m); });
      Expect("imul " + to + text, [&](Encoder& e) { e.Imul(w, a, m); });
      const auto& alu = kAluCodes[next % 6];
      Expect(alu.name + (" " + to + text),
             [&](Encoder& e) { e.Alu(alu.code, w, a, m); });
      Expect(alu.name + (" " + text) + ", " + R(w, a),
             [&](Encoder& e) { e.Alu(alu.code, w, m, a); });
    }
  }
}

void EncoderTest::AccessesWithConstants() {
  unsigned next = 0;
  for (const Memory& m : kMemories) {
    Expect("mov " + Text(8, m) + ", 90",
           [&](Encoder& e) { e.StoreImm8(m, 90); });
    Expect("mov " + Text(16, m) + ", 4660",
           [&](Encoder& e) { e.StoreImm16(m, 0x1234); });
    for (const bool w : {false, true}) {
      const std::string text = Text(w ? 64 : 32, m) + ", ";
      const int32_t imm = kConstants[next++ % 8];
      Expect("mov " + text + std::to_string(imm),
             [&](Encoder& e) { e.StoreImm(w, m, imm); });
      for (const auto& alu : kAluCodes) {
        Expect(alu.name + (" " + text) + std::to_string(imm),
               [&](Encoder& e) { e.Alu(alu.code, w, m, imm); });
      }
    }
  }
}

void EncoderTest::AtomicAccesses() {
  for (const Memory& m : kMemories) {
    for (const bool w : {false, true}) {
      const std::string text = Text(w ? 64 : 32, m);
      for (const unsigned a : {kRdx, kR15}) {
        Expect("lock; xadd " + text + ", " + R(w, a), [&](Encoder& e) {
          e.Lock();
          e.Xadd(w, m, a);
        });
        Expect("lock; cmpxchg " + text + ", " + R(w, a), [&](Encoder& e) {
          e.Lock();
          e.Cmpxchg(w, m, a);
        });
        Expect("xchg " + text + ", " + R(w, a),
               [&](Encoder& e) { e.Xchg(w, m, a); });
      }
      Expect("lock; or " + text + ", " + R(w, kRcx), [&](Encoder& e) {
        e.Lock();
        e.Alu(AluCode::kOr, w, m, kRcx);
      });
    }
  }
}

void EncoderTest::Jumps() {
  // A distance counts from the end of the instruction, which is "here".
  for (const auto& [name, condition] : kConditions) {
    for (const int32_t distance : {-128, 0, 127}) {
      Expect(
          std::string("j") + name + " here + " + std::to_string(distance + 2),
          [&](Encoder& e) { e.Jcc8(condition, distance); });
    }
    for (const int32_t distance : {-4096, 128, 1 << 30}) {
      Expect(
          std::string("j") + name + " here + " + std::to_string(distance + 6),
          [&](Encoder& e) { e.Jcc32(condition, distance); });
    }
  }
  Expect("jmp here + 100", [](Encoder& e) { e.Jmp8(98); });
  Expect("jmp here - 126", [](Encoder& e) { e.Jmp8(-128); });
  Expect("jmp here + 1000", [](Encoder& e) { e.Jmp32(995); });
  Expect("jmp here - 1000", [](Encoder& e) { e.Jmp32(-1005); });
  Expect("call here + 1000", [](Encoder& e) { e.Call32(995); });
  Expect("call here - 1000", [](Encoder& e) { e.Call32(-1005); });
  Expect("lea rdi, [rip + 4660]", [](Encoder& e) { e.LeaRip(kRdi, 0x1234); });
  Expect("lea r14, [rip - 4660]", [](Encoder& e) { e.LeaRip(kR14, -0x1234); });
}

TEST_F(EncoderTest, EncodesAsLlvmDoes) {
  TwoRegisters();
  OneRegister();
  Extensions();
  Constants();
  Shifts();
  Bmi2();
  Accesses();
  AccessesWithConstants();
  AtomicAccesses();
  Jumps();
  golden_.ExpectAllUsed(500);
}

}  // namespace
}  // namespace ebpf::x86_64
