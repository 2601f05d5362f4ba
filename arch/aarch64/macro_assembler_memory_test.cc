// SPDX-License-Identifier: MIT
//
// What the macro assembler chooses for memory, in bytes; what its choices do is
// memory_run_test.cc's.
#include "arch/aarch64/macro_assembler_test_util.h"
#include "gtest/gtest.h"

namespace ebpf::aarch64 {
namespace {

class MemoryTest : public MacroAssemblerTest {
 protected:
  MemoryTest() : MacroAssemblerTest("macro_assembler_memory") {}

  void Addresses();
  void Accesses();
  void PairedAccesses();
  void AtomicAccesses();
};

void MemoryTest::Addresses() {
  const auto load = [this](const std::string& text, Address address, bool can) {
    EXPECT_EQ(MacroAssembler::CanLoadAddress(address), can) << text;
    Expect(text, [=](MacroAssembler& m) { m.LoadAddress(2, address); });
  };
  load("add x1, x0, #8", {1, kNoReg, 0, 8}, true);
  load("sub x1, x0, #8", {1, kNoReg, 0, -8}, true);
  load("sub x1, x25, #56", {kR10, kNoReg, 0, -312}, true);
  load("add x1, x0, x19, lsl #3", {1, 6, 3, 0}, true);
  load("add x1, x0, x19", {1, 6, 0, 0}, true);
  load("add x1, x0, #1, lsl #12; add x1, x1, #1", {1, kNoReg, 0, 4097}, false);
  load("add x13, x0, x19, lsl #2; add x16, x13, #4; mov x1, x16", {1, 6, 2, 4},
       false);
  load("add x13, x25, x19, lsl #2; add x16, x13, #256; mov x1, x16",
       {kR10, 6, 2, 0}, false);
}

void MemoryTest::Accesses() {
  ExpectLoad("ldrb w7, [x0]", 8, false, {1, kNoReg, 0, 0});
  ExpectLoad("ldrh w7, [x0, #8190]", 16, false, {1, kNoReg, 0, 8190});
  ExpectLoad("ldr w7, [x0, #16380]", 32, false, {1, kNoReg, 0, 16380});
  ExpectLoad("ldr x7, [x0, #32760]", 64, false, {1, kNoReg, 0, 32760});
  ExpectLoad("ldrsb x7, [x0, #1]", 8, true, {1, kNoReg, 0, 1});
  ExpectLoad("ldrsh x7, [x0, #2]", 16, true, {1, kNoReg, 0, 2});
  ExpectLoad("ldrsw x7, [x0, #4]", 32, true, {1, kNoReg, 0, 4});
  ExpectLoad("ldr x7, [x0, #8]", 64, true, {1, kNoReg, 0, 8});
  ExpectLoad("ldur x7, [x0, #-256]", 64, false, {1, kNoReg, 0, -256});
  ExpectLoad("ldur w7, [x0, #3]", 32, false, {1, kNoReg, 0, 3});
  ExpectLoad("ldrb w7, [x0, x19]", 8, false, {1, 6, 0, 0});
  ExpectLoad("ldr x7, [x0, x19, lsl #3]", 64, false, {1, 6, 3, 0});
  ExpectLoad("ldr x7, [x0, x19]", 64, false, {1, 6, 0, 0});
  ExpectLoad("ldur x7, [x25, #-256]", 64, false, {kR10, kNoReg, 0, -512});
  ExpectLoad("ldr x7, [x25, #248]", 64, false, {kR10, kNoReg, 0, -8});
  ExpectLoad("ldr x7, [x25, #256]", 64, false, {kR10, kNoReg, 0, 0});
  ExpectLoad("sub x16, x0, #1, lsl #12; ldr x7, [x16, #3832]", 64, false,
             {1, kNoReg, 0, -264});
  ExpectLoad("sub x16, x0, #8, lsl #12; ldrb w7, [x16]", 8, false,
             {1, kNoReg, 0, -32768});
  ExpectLoad("add x16, x0, #7, lsl #12; ldrb w7, [x16, #4095]", 8, false,
             {1, kNoReg, 0, 32767});
  ExpectLoad("add x16, x0, #7, lsl #12; add x16, x16, #4095; ldr x7, [x16]", 64,
             false, {1, kNoReg, 0, 32767});
  ExpectLoad("add x13, x0, x19, lsl #2; ldr x7, [x13, #8]", 64, false,
             {1, 6, 2, 8});
  ExpectLoad("add x13, x0, x19; add x16, x13, #16, lsl #12; ldr x7, [x16, #8]",
             64, false, {1, 6, 0, 65544});
  ExpectStore("str w0, [x1, #4]", 32, {2, kNoReg, 0, 4}, Operand::Of(1));
  ExpectStore("strb wzr, [x1]", 8, {2, kNoReg, 0, 0}, Operand::Imm(0));
  ExpectStore("str xzr, [x25, #248]", 64, {kR10, kNoReg, 0, -8},
              Operand::Imm(0));
  ExpectStore("movz w12, #255; strb w12, [x1]", 8, {2, kNoReg, 0, 0},
              Operand::Imm(-1));
  ExpectStore("movz w12, #0xfffe; strh w12, [x1]", 16, {2, kNoReg, 0, 0},
              Operand::Imm(-2));
  ExpectStore("movn w12, #1; str w12, [x1]", 32, {2, kNoReg, 0, 0},
              Operand::Imm(-2));
  ExpectStore("movn x12, #1; str x12, [x1]", 64, {2, kNoReg, 0, 0},
              Operand::Imm(-2));
  ExpectStore("add x17, x25, #256; str x17, [x25, #248]", 64,
              {kR10, kNoReg, 0, -8}, Operand::Of(kR10));
  Expect("ldrh w7, [x0, #2]; rev16 w7, w7",
         [](MacroAssembler& m) { m.LoadSwapped(16, 0, {1, kNoReg, 0, 2}); });
  Expect("ldr x7, [x0]; rev x7, x7",
         [](MacroAssembler& m) { m.LoadSwapped(64, 0, {1, kNoReg, 0, 0}); });
}

void MemoryTest::PairedAccesses() {
  const auto two = [](unsigned bits, bool load, Reg first, Reg second,
                      int32_t at, int32_t then, Reg base = 1) {
    return [=](MacroAssembler& m) {
      for (const auto& [reg, offset] :
           {std::pair{first, at}, std::pair{second, then}}) {
        if (load) {
          m.Load(bits, false, reg, {base, kNoReg, 0, offset});
        } else {
          m.Store(bits, {base, kNoReg, 0, offset}, Operand::Of(reg));
        }
      }
    };
  };
  Expect("stp x1, x2, [x0, #8]", two(64, false, 2, 3, 8, 16));
  Expect("stp x2, x1, [x25, #240]", two(64, false, 2, 3, -8, -16, kR10));
  Expect("stp w1, w2, [x0, #-256]", two(32, false, 2, 3, -256, -252));
  Expect("ldp x1, x2, [x0]", two(64, true, 2, 3, 0, 8));
  Expect("ldp x0, x1, [x0, #8]", two(64, true, 2, 1, 16, 8));
  Expect("ldp w1, w2, [x0, #248]", two(32, true, 2, 3, 248, 252));
  // The base is gone; the same register; not next to each other; not aligned;
  // too far; halves.
  Expect("ldr x0, [x0]; ldr x1, [x0, #8]", two(64, true, 1, 2, 0, 8));
  Expect("ldr x1, [x0]; ldr x1, [x0, #8]", two(64, true, 2, 2, 0, 8));
  Expect("ldr x1, [x0]; ldr x2, [x0, #16]", two(64, true, 2, 3, 0, 16));
  Expect("ldr x1, [x0]; ldr x2, [x0]", two(64, true, 2, 3, 0, 0));
  Expect("stur x1, [x0, #4]; stur x2, [x0, #12]", two(64, false, 2, 3, 4, 12));
  Expect("str x1, [x0, #512]; str x2, [x0, #520]",
         two(64, false, 2, 3, 512, 520));
  Expect("strh w1, [x0]; strh w2, [x0, #2]", two(16, false, 2, 3, 0, 2));
  Expect("stp xzr, xzr, [x0]", [](MacroAssembler& m) {
    m.Store(64, {1, kNoReg, 0, 0}, Operand::Imm(0));
    m.Store(64, {1, kNoReg, 0, 8}, Operand::Imm(0));
  });
  Expect("stp x1, x2, [x0]; stp x1, x2, [x0, #16]", [](MacroAssembler& m) {
    for (int32_t offset = 0; offset < 32; offset += 8) {
      m.Store(64, {1, kNoReg, 0, offset},
              Operand::Of(offset % 16 == 0 ? 2 : 3));
    }
  });
  Expect("str x1, [x0]; str x1, [x0, #8]", [](MacroAssembler& m) {
    m.Store(64, {1, kNoReg, 0, 0}, Operand::Of(2));
    m.AtTarget();
    m.Store(64, {1, kNoReg, 0, 8}, Operand::Of(2));
  });
  Expect("ldr x1, [x0]; str x1, [x0, #8]", [](MacroAssembler& m) {
    m.Load(64, false, 2, {1, kNoReg, 0, 0});
    m.Store(64, {1, kNoReg, 0, 8}, Operand::Of(2));
  });
  Expect("ldrsw x1, [x0]; ldrsw x2, [x0, #4]", [](MacroAssembler& m) {
    m.Load(32, true, 2, {1, kNoReg, 0, 0});
    m.Load(32, true, 3, {1, kNoReg, 0, 4});
  });
}

void MemoryTest::AtomicAccesses() {
  const Address at = {1, kNoReg, 0, 0};
  const Address off = {1, kNoReg, 0, 8};
  const auto atomic = [=, this](const char* text, Operation op, unsigned width,
                                bool fetch, Address address, uint64_t lse) {
    Expect(
        text,
        [=](MacroAssembler& m) {
          if (fetch) {
            m.AtomicFetch(op, width, address, 2);
          } else {
            m.Atomic(op, width, address, 2);
          }
        },
        lse);
  };
  const uint64_t lse = kFeatureLse;
  atomic("stadd x1, [x0]", Operation::kAdd, 64, false, at, lse);
  atomic("stset w1, [x0]", Operation::kOr, 32, false, at, lse);
  atomic("steor x1, [x0]", Operation::kXor, 64, false, at, lse);
  atomic("mvn w12, w1; stclr w12, [x0]", Operation::kAnd, 32, false, at, lse);
  atomic("add x16, x0, #8; stadd x1, [x16]", Operation::kAdd, 64, false, off,
         lse);
  atomic("ldaddal x1, x1, [x0]", Operation::kAdd, 64, true, at, lse);
  atomic("ldsetal w1, w1, [x0]", Operation::kOr, 32, true, at, lse);
  atomic("ldeoral x1, x1, [x0]", Operation::kXor, 64, true, at, lse);
  atomic("mvn x12, x1; ldclral x12, x1, [x0]", Operation::kAnd, 64, true, at,
         lse);
  atomic("swpal x1, x1, [x0]", Operation::kXchg, 64, true, at, lse);
  atomic("ldxr x12, [x0]; add x9, x12, x1; stxr w13, x9, [x0]; cbnz w13, #-12",
         Operation::kAdd, 64, false, at, 0);
  atomic("ldxr w12, [x0]; and w9, w12, w1; stxr w13, w9, [x0]; cbnz w13, #-12",
         Operation::kAnd, 32, false, at, 0);
  atomic(
      "ldxr w12, [x0]; orr w9, w12, w1; stlxr w13, w9, [x0]; cbnz w13, #-12; "
      "dmb ish; mov x1, x12",
      Operation::kOr, 32, true, at, 0);
  atomic(
      "add x16, x0, #8; ldxr x12, [x16]; stlxr w13, x1, [x16]; "
      "cbnz w13, #-8; dmb ish; mov x1, x12",
      Operation::kXchg, 64, true, off, 0);
  Expect(
      "casal x7, x1, [x0]",
      [=](MacroAssembler& m) { m.CompareExchange(64, at, 2); }, lse);
  Expect(
      "ldxr w12, [x0]; cmp w12, w7; b.ne #12; stlxr w13, w1, [x0]; "
      "cbnz w13, #-16; dmb ish; mov x7, x12",
      [=](MacroAssembler& m) { m.CompareExchange(32, at, 2); });
  // The address is not where the loop's status goes.
  atomic(
      "add x16, x0, x19, lsl #3; ldxr x12, [x16]; eor x9, x12, x1; "
      "stxr w13, x9, [x16]; cbnz w13, #-12",
      Operation::kXor, 64, false, {1, 6, 3, 0}, 0);
  Expect("ldarb w1, [x0]", [=](MacroAssembler& m) { m.LoadAcquire(8, 2, at); });
  Expect("add x16, x0, #8; ldar x1, [x16]",
         [=](MacroAssembler& m) { m.LoadAcquire(64, 2, off); });
  Expect("ldar x1, [x25]", [=](MacroAssembler& m) {
    m.LoadAcquire(64, 2, {kR10, kNoReg, 0, -256});
  });
  Expect("stlrh w1, [x0]",
         [=](MacroAssembler& m) { m.StoreRelease(16, at, 2); });
  Expect("add x13, x0, x19, lsl #3; add x16, x13, #8; stlr w1, [x16]",
         [](MacroAssembler& m) { m.StoreRelease(32, {1, 6, 3, 8}, 2); });
}

TEST_F(MemoryTest, ChoosesTheInstructions) {
  Addresses();
  Accesses();
  PairedAccesses();
  AtomicAccesses();
  golden_.ExpectAllUsed(75);
}

TEST(CanAddressTest, PromisesOneInstruction) {
  for (const unsigned bits : {8u, 16u, 32u, 64u}) {
    for (const Reg base : {Reg{1}, kR10}) {
      for (int32_t offset = -33000; offset < 33000; ++offset) {
        const Address address = {base, kNoReg, 0, offset};
        if (offset % 8 > 1 && offset % 97 > 2) {
          continue;
        }
        const size_t size = Emit([&](MacroAssembler& m) {
                              m.Load(bits, false, 2, address);
                            }).size();
        ASSERT_EQ(MacroAssembler::CanAddress(address, bits), size == 4)
            << bits << " at " << offset;
      }
      for (uint8_t scale = 0; scale < 4; ++scale) {
        for (const int32_t offset : {-256, 0, 8}) {
          const Address address = {base, 6, scale, offset};
          const size_t size = Emit([&](MacroAssembler& m) {
                                m.Load(bits, false, 2, address);
                              }).size();
          EXPECT_EQ(MacroAssembler::CanAddress(address, bits), size == 4);
        }
      }
    }
  }
}

}  // namespace
}  // namespace ebpf::aarch64
