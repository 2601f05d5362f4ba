// SPDX-License-Identifier: MIT
//
// What the macro assembler chooses for memory, in bytes; what its choices read
// and write is memory_run_test.cc's.
#include "arch/riscv64/macro_assembler_test_util.h"
#include "gtest/gtest.h"

namespace ebpf::riscv64 {
namespace {

class MemoryTest : public MacroAssemblerTest {
 protected:
  MemoryTest() : MacroAssemblerTest("macro_assembler_memory") {}

  void Loads();
  void Stores();
  void FarAddresses();
  void Swaps();
  void Atomics();
};

void MemoryTest::Loads() {
  const Address near = {1, kNoReg, 0, 8};
  ExpectLoad("lbu a5, 8(a0)", 8, false, near);
  ExpectLoad("lb a5, 8(a0)", 8, true, near);
  ExpectLoad("lhu a5, 8(a0)", 16, false, near);
  ExpectLoad("lh a5, 8(a0)", 16, true, near);
  ExpectLoad("lwu a5, 8(a0)", 32, false, near);
  ExpectLoad("c.lw a5, 8(a0)", 32, true, near);
  ExpectLoad("c.ld a5, 8(a0)", 64, false, near);
  ExpectLoad("ld a5, -8(s5)", 64, false, {kR10, kNoReg, 0, -8});
  Expect(
      "c.lw a5, 8(a0)", [=](MacroAssembler& m) { m.Load(32, false, 0, near); },
      0, kDeadUpper);
}

void MemoryTest::Stores() {
  const Address near = {1, kNoReg, 0, 8};
  ExpectStore("sb a1, 8(a0)", 8, near, Operand::Of(2));
  ExpectStore("sh a1, 8(a0)", 16, near, Operand::Of(2));
  ExpectStore("c.sw a1, 8(a0)", 32, near, Operand::Of(2));
  ExpectStore("c.sd a1, 8(a0)", 64, near, Operand::Of(2));
  ExpectStore("sd zero, 8(a0)", 64, near, Operand::Imm(0));
  ExpectStore("c.li t4, -1; sb t4, 8(a0)", 8, near, Operand::Imm(255));
  ExpectStore("c.li t4, 5; sw t4, 8(a0)", 32, near, Operand::Imm(5));
  Expect("c.li t4, 5; sw t4, 8(a0); sd t4, 16(a0)", [=](MacroAssembler& m) {
    m.Store(32, near, Operand::Imm(5));
    m.Store(64, {1, kNoReg, 0, 16}, Operand::Imm(5));
  });
}

void MemoryTest::FarAddresses() {
  ExpectLoad("addi t3, a0, 2032; ld a5, 16(t3)", 64, false,
             {1, kNoReg, 0, 2048});
  ExpectLoad("addi t3, a0, -2048; ld a5, -8(t3)", 64, false,
             {1, kNoReg, 0, -2056});
  ExpectLoad("c.lui t3, 2; c.add t3, a0; ld a5, -8(t3)", 64, false,
             {1, kNoReg, 0, 8184});
  ExpectLoad("c.li t3, 1; c.slli t3, 31; c.add t3, a0; ld a5, -1(t3)", 64,
             false, {1, kNoReg, 0, INT32_MAX});
  ExpectLoad("slli t3, a1, 3; c.add t3, a0; ld a5, 8(t3)", 64, false,
             {1, 2, 3, 8});
  // Again with the same base, until it changes.
  Expect(
      "c.lui t3, 1; c.add t3, a0; ld a5, 0(t3); sd a5, 8(t3); ld a0, 16(t3); "
      "c.lui t3, 1; c.add t3, a0; ld a5, 0(t3)",
      [](MacroAssembler& m) {
        m.Load(64, false, 0, {1, kNoReg, 0, 4096});
        m.Store(64, {1, kNoReg, 0, 4104}, Operand::Of(0));
        m.Load(64, false, 1, {1, kNoReg, 0, 4112});
        m.Load(64, false, 0, {1, kNoReg, 0, 4096});
      });
  Expect(
      "c.lui t3, 1; c.add t3, a0; sd a5, 0(t3); "
      "c.lui t3, 1; c.add t3, a0; sd a5, 8(t3)",
      [](MacroAssembler& m) {
        m.Store(64, {1, kNoReg, 0, 4096}, Operand::Of(0));
        m.AtTarget();
        m.Store(64, {1, kNoReg, 0, 4104}, Operand::Of(0));
      });
  Expect("addi a0, a1, -8",
         [](MacroAssembler& m) { m.LoadAddress(1, {2, kNoReg, 0, -8}); });
  Expect("slli a0, a2, 2; c.add a0, a1",
         [](MacroAssembler& m) { m.LoadAddress(1, {2, 3, 2, 0}); });
  Expect(
      "sh2add a0, a2, a1",
      [](MacroAssembler& m) { m.LoadAddress(1, {2, 3, 2, 0}); }, kFeatureZba);
  EXPECT_TRUE(MacroAssembler::CanAddress({1, kNoReg, 0, 2047}, 64));
  EXPECT_TRUE(MacroAssembler::CanAddress({1, kNoReg, 0, -2048}, 8));
  EXPECT_FALSE(MacroAssembler::CanAddress({1, kNoReg, 0, 2048}, 64));
  EXPECT_FALSE(MacroAssembler::CanAddress({1, 2, 0, 0}, 64));
  EXPECT_TRUE(MacroAssembler::CanLoadAddress({1, 2, 3, 0}));
  EXPECT_FALSE(MacroAssembler::CanLoadAddress({1, 2, 0, 1}));
  EXPECT_FALSE(MacroAssembler::CanLoadAddress({1, kNoReg, 0, 2048}));
}

void MemoryTest::Swaps() {
  const auto swap = [&](const std::string& text, unsigned bits,
                        machine::InsnContext context) {
    Expect(
        text, [=](MacroAssembler& m) { m.ByteSwap(bits, 1, 1); }, 0, context);
  };
  swap(
      "slli t5, a0, 56; srli t5, t5, 48; c.slli a0, 48; c.srli a0, 56; "
      "or a0, a0, t5",
      16, {});
  const std::string half =
      "lui t4, 0xff0; addiw t4, t4, 255; srli t5, a0, 8; and t5, t5, t4; "
      "and a0, a0, t4; c.slli a0, 8; or a0, a0, t5; srli t5, a0, 16; ";
  swap(half + "c.slli a0, 48; c.srli a0, 32; or a0, a0, t5", 32, {});
  swap(half + "slliw a0, a0, 16; or a0, a0, t5", 32, kDeadUpper);
  Expect("lbu t5, 8(a0); lbu a0, 9(a0); c.slli t5, 8; or a0, a0, t5",
         [](MacroAssembler& m) { m.LoadSwapped(16, 1, {1, kNoReg, 0, 8}); });
  Expect(
      "c.ld a0, 8(a1); rev8 a0, a0",
      [](MacroAssembler& m) { m.LoadSwapped(64, 1, {2, kNoReg, 0, 8}); },
      kFeatureZbb);
}

void MemoryTest::Atomics() {
  const Address here = {1, kNoReg, 0, 0};
  const Address there = {1, kNoReg, 0, 8};
  Expect("amoadd.d zero, a1, (a0)",
         [=](MacroAssembler& m) { m.Atomic(Operation::kAdd, 64, here, 2); });
  Expect("addi t3, a0, 8; amoor.w zero, a1, (t3)",
         [=](MacroAssembler& m) { m.Atomic(Operation::kOr, 32, there, 2); });
  Expect("amoxor.d.aqrl a1, a1, (a0)", [=](MacroAssembler& m) {
    m.AtomicFetch(Operation::kXor, 64, here, 2);
  });
  Expect("amoswap.w.aqrl a1, a1, (a0); and a1, a1, s6", [=](MacroAssembler& m) {
    m.AtomicFetch(Operation::kXchg, 32, here, 2);
  });
  Expect(
      "lr.d.aq t5, (a0); bne t5, a5, 12; sc.d.aqrl t6, a1, (a0); "
      "bne t6, zero, -12; c.mv a5, t5",
      [=](MacroAssembler& m) { m.CompareExchange(64, here, 2); });
  Expect(
      "addiw t4, a5, 0; lr.w.aq t5, (a0); bne t5, t4, 12; "
      "sc.w.aqrl t6, a1, (a0); bne t6, zero, -12; and a5, t5, s6",
      [=](MacroAssembler& m) { m.CompareExchange(32, here, 2); });
  Expect("lwu a1, 8(a0); fence r, rw",
         [=](MacroAssembler& m) { m.LoadAcquire(32, 2, there); });
  Expect("fence rw, w; c.sd a1, 8(a0)",
         [=](MacroAssembler& m) { m.StoreRelease(64, there, 2); });
}

TEST_F(MemoryTest, ChoosesTheInstructions) {
  Loads();
  Stores();
  FarAddresses();
  Swaps();
  Atomics();
  golden_.ExpectAllUsed(35);
}

}  // namespace
}  // namespace ebpf::riscv64
