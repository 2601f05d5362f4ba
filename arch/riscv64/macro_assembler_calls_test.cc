// SPDX-License-Identifier: MIT
//
// What the macro assembler chooses for calls, frames and stubs, in bytes, and
// how distances are put in; control_run_test.cc runs them.
#include "arch/riscv64/macro_assembler_test_util.h"
#include "gtest/gtest.h"

namespace ebpf::riscv64 {
namespace {

class CallsTest : public MacroAssemblerTest {
 protected:
  CallsTest() : MacroAssemblerTest("macro_assembler_calls") {}

  void Calls();
  void Frames();
  void Stubs();
};

void CallsTest::Calls() {
  const auto helper = [&](const std::string& text, uint64_t target,
                          uint64_t from, bool result = true) {
    Expect(text, [=](MacroAssembler& m) { m.CallHelper(target, from); }, 0,
           {.live_after = static_cast<uint16_t>(result ? 0xffff : 0xfffe)});
  };
  helper("jal ra, 4096; c.mv a5, a0", 0x81000, 0x80000);
  helper("jal ra, -4096", 0x81000, 0x82000, false);
  // 0xffffffc0_80201234: above everything.
  const uint64_t kernel = 0xffffffc080201234;
  helper("auipc ra, 513; jalr ra, 564(ra); c.mv a5, a0", kernel,
         0xffffffc080000000);
  helper("auipc ra, 0xffe01; jalr ra, 564(ra); c.mv a5, a0", kernel,
         0xffffffc080400000);
  // Where nobody knows.
  helper("lui t3, 0x12345; jalr ra, 0x678(t3)", 0x12345678, 0, false);
  helper("lui t3, 0x80201; jalr ra, 564(t3)", 0xffffffff80201234, 0, false);
  helper("c.lui t3, 16; c.jalr t3", 0x10000, 0, false);
  Expect("jal ra, 0", [](MacroAssembler& m) { m.CallFunction(1000); });
  Expect("auipc ra, 0; jalr ra, 0(ra)",
         [](MacroAssembler& m) { m.CallFunction(kUnknownDistance); });
  Expect("auipc a1, 0; addi a1, a1, 0",
         [](MacroAssembler& m) { m.LoadFunctionAddress(2, 100); });
  Expect("c.jr t2", [](MacroAssembler& m) { m.JumpTo(machine::kTemp1); });
}

void CallsTest::Frames() {
  const auto whole = [&](const std::string& text, uint16_t saved, bool calls) {
    Expect(text, [=](MacroAssembler& m) {
      const machine::FrameInfo frame = {.saved = saved, .calls = calls};
      m.Prologue(frame);
      m.Epilogue(frame);
      m.Return();
    });
  };
  whole("c.jr ra", 0, false);
  whole(
      "c.addi sp, -16; c.sdsp s2, 8(sp); c.ldsp s2, 8(sp); c.addi sp, 16; "
      "c.jr ra",
      1 << 7, false);
  whole(
      "c.addi sp, -16; c.sdsp ra, 8(sp); c.sdsp s0, 0(sp); "
      "c.addi4spn s0, sp, 16; c.ldsp ra, 8(sp); c.ldsp s0, 0(sp); "
      "c.addi sp, 16; c.jr ra",
      0, true);
  whole(
      "c.addi16sp sp, -48; c.sdsp ra, 40(sp); c.sdsp s0, 32(sp); "
      "c.sdsp s1, 24(sp); c.sdsp s2, 16(sp); c.sdsp s3, 8(sp); "
      "c.sdsp s4, 0(sp); c.addi4spn s0, sp, 48; c.ldsp ra, 40(sp); "
      "c.ldsp s0, 32(sp); c.ldsp s1, 24(sp); c.ldsp s2, 16(sp); "
      "c.ldsp s3, 8(sp); c.ldsp s4, 0(sp); c.addi16sp sp, 48; c.jr ra",
      15 << 6, true);
}

void CallsTest::Stubs() {
  const std::string enter =
      "c.addi sp, -32; c.sdsp ra, 24(sp); c.sdsp s0, 16(sp); "
      "c.sdsp s5, 8(sp); c.addi4spn s0, sp, 32; ";
  const std::string mask = "c.sdsp s6, 0(sp); c.li s6, -1; srli s6, s6, 32; ";
  const std::string leave =
      "c.ldsp s5, 8(sp); c.ldsp s0, 16(sp); c.ldsp ra, 24(sp); "
      "c.addi16sp sp, 32; c.jr ra";
  const std::string call = "c.mv s5, a1; jal ra, 0; c.mv a0, a5; ";
  const std::string with_mask =
      enter + mask + call + "c.ldsp s6, 0(sp); " + leave;
  Expect(with_mask, [](MacroAssembler& m) { m.EntryStub(100); });
  // The second pass knows that nothing wants the mask, or that something does.
  Expect(with_mask + "; c.mv a0, a1; " + enter + call + leave,
         [](MacroAssembler& m) {
           m.EntryStub(100);
           m.Mov(64, 1, 2);
           m.EntryStub(100);
         });
  Expect(with_mask + "; and a0, a1, s6; " + with_mask, [](MacroAssembler& m) {
    m.EntryStub(100);
    m.Mov(32, 1, 2);
    m.EntryStub(100);
  });
  Expect(with_mask + "; c.jr t2; " + with_mask, [](MacroAssembler& m) {
    m.EntryStub(100);
    m.JumpTo(machine::kTemp1);
    m.EntryStub(100);
  });
  Expect(enter + mask +
             "c.mv s5, a1; c.mv t3, a2; c.ld a4, 32(a0); c.ld a3, 24(a0); "
             "c.ld a2, 16(a0); c.ld a1, 8(a0); c.ld a0, 0(a0); c.jalr t3; "
             "c.mv a0, a5; c.ldsp s6, 0(sp); " +
             leave,
         [](MacroAssembler& m) { m.CallbackStub(); });
}

TEST_F(CallsTest, ChoosesTheInstructions) {
  Calls();
  Frames();
  Stubs();
  golden_.ExpectAllUsed(20);
}

TEST(CallHelperTest, IsNeverLongerWhereThePlaceIsKnown) {
  for (const uint64_t target :
       {0x10000ull, 0x12345678ull, 0x80000000ull, 0xffffffff80201234ull,
        0xffffffc080201234ull, 0x8000000000000000ull, 0x100000000ull,
        0x7f1234567890ull}) {
    const auto size = [&](uint64_t from) {
      return Emit([&](MacroAssembler& m) { m.CallHelper(target, from); })
          .size();
    };
    for (const uint64_t away :
         {0x100ull, 0x1000000ull, 0x7fff0000ull, 0x1000000000ull}) {
      EXPECT_LE(size(target + away), size(0)) << std::hex << target;
      EXPECT_LE(size(target - away), size(0)) << std::hex << target;
    }
  }
}

/// What is emitted, patched to go `distance` from its end.
void ExpectPatched(Golden& golden, const std::string& text, int64_t distance,
                   const std::function<uint8_t(MacroAssembler&)>& emit) {
  uint8_t form = 0;
  std::vector<uint8_t> bytes = Emit([&](MacroAssembler& m) { form = emit(m); });
  // Twice, as a target's place may be learned in two steps.
  for (const int64_t to : {distance / 2 & ~1, distance}) {
    MacroAssembler::Patch(Span<uint8_t>(bytes.data(), bytes.size()),
                          bytes.size(), form, to);
  }
  EXPECT_LT(form, 4);
  golden.Expect(text, Golden::Hex(bytes));
}

TEST(PatchTest, PutsDistancesIn) {
  Golden golden("patch");
  const auto equal = [](int64_t distance) {
    return [=](MacroAssembler& m) {
      return m.Branch(Operation::kEq, 64, 1, Operand::Imm(0), distance);
    };
  };
  const auto less = [](int64_t distance) {
    return [=](MacroAssembler& m) {
      return m.Branch(Operation::kLt, 64, 1, Operand::Of(2), distance);
    };
  };
  const auto jump = [](int64_t distance) {
    return [=](MacroAssembler& m) { return m.Jump(distance); };
  };
  ExpectPatched(golden, "c.beqz a0, 254", 252, equal(252));
  ExpectPatched(golden, "c.beqz a0, -254", -256, equal(-256));
  ExpectPatched(golden, "beq a0, zero, 4094", 4090, equal(4090));
  ExpectPatched(golden, "bltu a0, a1, -4092", -4096, less(-4096));
  ExpectPatched(golden, "bltu a0, a1, 4", 0, less(0));
  ExpectPatched(golden, "c.bnez a0, 6; jal zero, 1048574", 0xffffa,
                equal(0xffffa));
  ExpectPatched(golden, "bgeu a0, a1, 8; jal zero, -1048572", -0x100000,
                less(-0x100000));
  ExpectPatched(golden,
                "bgeu a0, a1, 12; auipc t3, 0x12346; jalr zero, -2040(t3)",
                0x12345800, less(kUnknownDistance));
  ExpectPatched(golden, "c.j 2046", 2044, jump(2044));
  ExpectPatched(golden, "c.j -2046", -2048, jump(-2048));
  ExpectPatched(golden, "jal zero, -1048572", -0x100000, jump(-0x100000));
  ExpectPatched(golden, "auipc t3, 0xffe00; jalr zero, 8(t3)", -0x200000,
                jump(-0x200000));
  ExpectPatched(golden, "jal ra, 104", 100,
                [](MacroAssembler& m) { return m.CallFunction(100); });
  ExpectPatched(
      golden, "auipc ra, 0; jalr ra, 108(ra)", 100,
      [](MacroAssembler& m) { return m.CallFunction(kUnknownDistance); });
  ExpectPatched(golden, "auipc a1, 1; addi a1, a1, -88", 4000,
                [](MacroAssembler& m) {
                  return m.LoadFunctionAddress(2, kUnknownDistance);
                });
  const std::string enter =
      "c.addi sp, -32; c.sdsp ra, 24(sp); c.sdsp s0, 16(sp); "
      "c.sdsp s5, 8(sp); c.addi4spn s0, sp, 32; ";
  const std::string leave =
      "c.ldsp s5, 8(sp); c.ldsp s0, 16(sp); c.ldsp ra, 24(sp); "
      "c.addi16sp sp, 32; c.jr ra";
  ExpectPatched(golden,
                enter +
                    "c.sdsp s6, 0(sp); c.li s6, -1; srli s6, s6, 32; "
                    "c.mv s5, a1; jal ra, 118; c.mv a0, a5; "
                    "c.ldsp s6, 0(sp); " +
                    leave,
                100, [](MacroAssembler& m) { return m.EntryStub(100); });
  ExpectPatched(
      golden,
      enter +
          "c.sdsp s6, 0(sp); c.li s6, -1; srli s6, s6, 32; "
          "c.mv s5, a1; auipc ra, 0; jalr ra, 122(ra); "
          "c.mv a0, a5; c.ldsp s6, 0(sp); " +
          leave,
      100, [](MacroAssembler& m) { return m.EntryStub(kUnknownDistance); });
  golden.ExpectAllUsed(17);
}

TEST(PatchTest, FindsTheCallOfAShorterStub) {
  std::vector<uint8_t> bytes = Emit([](MacroAssembler& m) {
    m.EntryStub(100);
    m.EntryStub(100);
  });
  std::vector<uint8_t> patched = bytes;
  MacroAssembler::Patch(Span<uint8_t>(patched.data(), patched.size()),
                        patched.size(), 0, 0);
  // JAL, then six compressed instructions: 16 bytes to the end.
  const size_t at = bytes.size() - 16;
  EXPECT_EQ(bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16, 0xef);
  EXPECT_EQ(patched[at] | patched[at + 1] << 8 | patched[at + 2] << 16 |
                patched[at + 3] << 24,
            static_cast<int>(encode::Jal(encode::kRa, 16)));
}

TEST(GuardTest, HoldsNoInstruction) {
  std::vector<uint8_t> bytes(7, 0xaa);
  MacroAssembler::FillGuard(Span<uint8_t>(bytes.data(), bytes.size()));
  EXPECT_EQ(bytes, std::vector<uint8_t>(7, 0));
}

}  // namespace
}  // namespace ebpf::riscv64
