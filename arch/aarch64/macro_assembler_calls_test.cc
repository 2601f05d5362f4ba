// SPDX-License-Identifier: MIT
//
// What the macro assembler chooses for calls, in bytes, and what becomes of
// distances; what it does is control_run_test.cc's.
#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "arch/aarch64/macro_assembler_test_util.h"
#include "gtest/gtest.h"

namespace ebpf::aarch64 {
namespace {

class CallsTest : public MacroAssemblerTest {
 protected:
  CallsTest() : MacroAssemblerTest("macro_assembler_calls") {}

  void Calls();
  void Frames();
  void Stubs();
};

void CallsTest::Calls() {
  const uint64_t from = 0xffff'8000'1000'0000;
  const auto call = [this](const char* text, uint64_t target, uint64_t at,
                           uint16_t live = 0xffff) {
    Expect(text, [=](MacroAssembler& m) { m.CallHelper(target, at); }, 0,
           {.live_after = live});
  };
  call("bl #4096; mov x7, x0", from + 4096, from);
  call("bl #-4096", from - 4096, from, 0xfffe);
  call(
      "movn x16, #0xefff; movk x16, #0xabcc, lsl #16; "
      "movk x16, #0x8000, lsl #32; blr x16; mov x7, x0",
      0xffff'8000'abcc'1000, from);
  call("movz w16, #0x1000; blr x16; mov x7, x0", 0x1000, 0);
  Expect("bl #0", [](MacroAssembler& m) { m.CallFunction(kUnknownDistance); });
  Expect("b #0", [](MacroAssembler& m) { m.Jump(kUnknownDistance); });
  Expect("br x10", [](MacroAssembler& m) { m.JumpTo(kTemp0); });
  Expect("adr x1, #0",
         [](MacroAssembler& m) { m.LoadFunctionAddress(2, 1000); });
  Expect(
      "adr x16, #0; movz w17, #0; movk w17, #0, lsl #16; "
      "add x1, x16, w17, sxtw",
      [](MacroAssembler& m) { m.LoadFunctionAddress(2, kUnknownDistance); });
}

void CallsTest::Frames() {
  const auto whole = [this](const std::string& text, uint16_t saved,
                            bool calls) {
    Expect(text, [=](MacroAssembler& m) {
      const machine::FrameInfo info = {.saved = saved, .calls = calls};
      m.Prologue(info);
      m.Epilogue(info);
      m.Return();
    });
  };
  whole("ret", 0, false);
  whole("str x20, [sp, #-16]!; ldr x20, [sp], #16; ret", 1 << 7, false);
  whole("stp x19, x22, [sp, #-16]!; ldp x19, x22, [sp], #16; ret",
        1 << 6 | 1 << 9, false);
  whole(
      "stp x19, x20, [sp, #-32]!; str x21, [sp, #16]; ldr x21, [sp, #16]; "
      "ldp x19, x20, [sp], #32; ret",
      7 << 6, false);
  whole("stp x29, x30, [sp, #-16]!; mov x29, sp; ldp x29, x30, [sp], #16; ret",
        0, true);
  whole(
      "stp x29, x30, [sp, #-32]!; mov x29, sp; str x19, [sp, #16]; "
      "ldr x19, [sp, #16]; ldp x29, x30, [sp], #32; ret",
      1 << 6, true);
  whole(
      "stp x29, x30, [sp, #-48]!; mov x29, sp; stp x19, x20, [sp, #16]; "
      "stp x21, x22, [sp, #32]; ldp x19, x20, [sp, #16]; "
      "ldp x21, x22, [sp, #32]; ldp x29, x30, [sp], #48; ret",
      15 << 6, true);
}

void CallsTest::Stubs() {
  Expect(
      "stp x29, x30, [sp, #-32]!; mov x29, sp; str x25, [sp, #16]; "
      "sub x25, x1, #256; bl #0; mov x0, x7; ldr x25, [sp, #16]; "
      "ldp x29, x30, [sp], #32; ret",
      [](MacroAssembler& m) { m.EntryStub(kUnknownDistance); });
  Expect(
      "stp x29, x30, [sp, #-32]!; mov x29, sp; str x25, [sp, #16]; "
      "sub x25, x1, #256; mov x16, x2; mov x9, x0; ldp x0, x1, [x9]; "
      "ldp x2, x3, [x9, #16]; ldr x4, [x9, #32]; blr x16; mov x0, x7; "
      "ldr x25, [sp, #16]; ldp x29, x30, [sp], #32; ret",
      [](MacroAssembler& m) { m.CallbackStub(); });
}

TEST_F(CallsTest, ChoosesTheInstructions) {
  Calls();
  Frames();
  Stubs();
  golden_.ExpectAllUsed(15);
}

/// What is emitted, patched to go `distance` from its end.
void ExpectPatched(Golden& golden, const std::string& text, int64_t distance,
                   const std::function<uint8_t(MacroAssembler&)>& emit) {
  uint8_t form = 0;
  std::vector<uint8_t> bytes = Emit([&](MacroAssembler& m) { form = emit(m); });
  const size_t end = bytes.size();
  // Twice, as a target's place may be learned in two steps.
  for (const int64_t to : {distance / 2 & ~3, distance}) {
    MacroAssembler::Patch(Span<uint8_t>(bytes.data(), bytes.size()), end, form,
                          to);
  }
  EXPECT_LT(form, 4);
  golden.Expect(text, Golden::Hex(bytes));
}

TEST(PatchTest, PutsDistancesIn) {
  Golden golden("patch");
  const auto branch = [](Operation op, Operand rhs, int64_t distance) {
    return
        [=](MacroAssembler& m) { return m.Branch(op, 64, 1, rhs, distance); };
  };
  const auto zero = Operand::Imm(0);
  ExpectPatched(golden, "cbz x0, #104", 100, branch(Operation::kEq, zero, 100));
  ExpectPatched(golden, "cbz x0, #-96", -100,
                branch(Operation::kEq, zero, -100));
  ExpectPatched(golden, "cbnz x0, #8; b #2000004", 2000000,
                branch(Operation::kEq, zero, 2000000));
  ExpectPatched(golden, "tbnz x0, #63, #-1996", -2000,
                branch(Operation::kSLt, zero, -2000));
  ExpectPatched(golden, "tbz x0, #63, #8; b #4", 0,
                branch(Operation::kSLt, zero, kUnknownDistance));
  ExpectPatched(golden, "cmp x0, x1; b.ls #1040004", 1040000,
                branch(Operation::kLe, Operand::Of(2), 1040000));
  ExpectPatched(golden, "b #-134217728", -134217732,
                [](MacroAssembler& m) { return m.Jump(kUnknownDistance); });
  ExpectPatched(golden, "bl #134217724", 134217720, [](MacroAssembler& m) {
    return m.CallFunction(kUnknownDistance);
  });
  ExpectPatched(golden, "adr x1, #-9996", -10000, [](MacroAssembler& m) {
    return m.LoadFunctionAddress(2, -10000);
  });
  ExpectPatched(golden,
                "adr x16, #0; movz w17, #0x4250; movk w17, #0xf, lsl #16; "
                "add x1, x16, w17, sxtw",
                1000000, [](MacroAssembler& m) {
                  return m.LoadFunctionAddress(2, kUnknownDistance);
                });
  ExpectPatched(golden,
                "adr x16, #0; movz w17, #0xbdd0; movk w17, #0xfff0, lsl #16; "
                "add x1, x16, w17, sxtw",
                -1000000, [](MacroAssembler& m) {
                  return m.LoadFunctionAddress(2, kUnknownDistance);
                });
  ExpectPatched(golden,
                "stp x29, x30, [sp, #-32]!; mov x29, sp; str x25, [sp, #16]; "
                "sub x25, x1, #256; bl #60; mov x0, x7; ldr x25, [sp, #16]; "
                "ldp x29, x30, [sp], #32; ret",
                40, [](MacroAssembler& m) { return m.EntryStub(40); });
  golden.ExpectAllUsed(12);
}

/// Distances around every limit.
std::vector<int64_t> Distances() {
  std::vector<int64_t> distances = {kUnknownDistance};
  for (int shift = 27; shift >= 2; --shift) {
    for (int64_t off = 80; off >= -80; off -= 4) {
      const int64_t distance = (int64_t{1} << shift) + off;
      if (distance >= 0) {
        distances.push_back(distance);
      }
    }
  }
  std::sort(distances.begin(), distances.end(), std::greater<>());
  return distances;
}

TEST(DistanceTest, SmallerOnesNeverTakeMoreBytes) {
  const std::function<void(MacroAssembler&, int64_t)> kJumps[] = {
      [](MacroAssembler& m, int64_t d) {
        m.Branch(Operation::kEq, 64, 1, Operand::Imm(0), d);
      },
      [](MacroAssembler& m, int64_t d) {
        m.Branch(Operation::kSLt, 32, 1, Operand::Imm(0), d);
      },
      [](MacroAssembler& m, int64_t d) {
        m.Branch(Operation::kSet, 64, 1, Operand::Imm(8), d);
      },
      [](MacroAssembler& m, int64_t d) {
        m.Branch(Operation::kSGt, 64, kR10, Operand::Imm(-77777777), d);
      },
      [](MacroAssembler& m, int64_t d) { m.Jump(d); },
      [](MacroAssembler& m, int64_t d) { m.CallFunction(d); },
      [](MacroAssembler& m, int64_t d) { m.LoadFunctionAddress(1, d); },
      [](MacroAssembler& m, int64_t d) { m.EntryStub(d); }};
  for (const auto& jump : kJumps) {
    for (const int64_t sign : {1, -1}) {
      size_t before = SIZE_MAX;
      for (const int64_t distance : Distances()) {
        const size_t size =
            Emit([&](MacroAssembler& m) { jump(m, sign * distance); }).size();
        EXPECT_LE(size, before) << distance;
        before = size;
      }
    }
  }
}

TEST(DistanceTest, CallsOfKnownPlacesAreNotLonger) {
  for (const uint64_t target : {uint64_t{0x1000}, uint64_t{0xffff800080001000},
                                uint64_t{0x123456789abc}}) {
    const size_t unknown =
        Emit([&](MacroAssembler& m) { m.CallHelper(target, 0); }).size();
    for (const uint64_t from :
         {target + 4, target - (1u << 27) + 4, target + (1u << 27) + 4,
          target + (1u << 26), uint64_t{4}}) {
      EXPECT_LE(
          Emit([&](MacroAssembler& m) { m.CallHelper(target, from); }).size(),
          unknown);
    }
  }
}

TEST(GuardTest, IsBrkWhateverItsSize) {
  uint8_t bytes[10];
  MacroAssembler::FillGuard(Span<uint8_t>(bytes));
  EXPECT_EQ(Golden::Hex({bytes, bytes + 10}), "e0d721d4e0d721d4e0d7");
}

}  // namespace
}  // namespace ebpf::aarch64
