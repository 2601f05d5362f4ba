// SPDX-License-Identifier: MIT
#include "arch/riscv64/emitter.h"

#include <functional>
#include <string>
#include <vector>

#include "arch/riscv64/golden_test_util.h"
#include "gtest/gtest.h"

namespace ebpf::riscv64 {
namespace {

using encode::kA0;
using encode::kA1;
using encode::kA2;
using encode::kS0;
using encode::kSp;
using encode::kT3;

class EmitterTest : public testing::Test {
 protected:
  using Emit = std::function<void(Emitter&)>;

  void Expect(const std::string& text, const Emit& emit) {
    std::vector<uint8_t> bytes(256);
    machine::CodeBuffer buffer;
    buffer.Use(Span<uint8_t>(bytes.data(), bytes.size()));
    Emitter emitter(buffer);
    emit(emitter);
    bytes.resize(buffer.size());
    golden_.Expect(text, Golden::Hex(bytes));
  }
  void ExpectConstant(const std::string& text, int64_t value) {
    Expect(text, [=](Emitter& e) { e.Constant64(kA0, value); });
    unsigned insns = 1;
    for (const char c : text) {
      insns += c == ';' ? 1 : 0;
    }
    EXPECT_EQ(Emitter::ConstantLength(value), insns) << text;
  }

  void ThreeRegisters();
  void Immediates();
  void Accesses();
  void Constants();

  Golden golden_{"emitter"};
};

void EmitterTest::ThreeRegisters() {
  Expect("c.add a0, a1", [](Emitter& e) { e.Add(kA0, kA0, kA1); });
  Expect("c.add a0, t3", [](Emitter& e) { e.Add(kA0, kT3, kA0); });
  Expect("add a0, a1, a2", [](Emitter& e) { e.Add(kA0, kA1, kA2); });
  Expect("c.and a0, a1", [](Emitter& e) { e.And(kA0, kA0, kA1); });
  Expect("c.and a0, a2", [](Emitter& e) { e.And(kA0, kA2, kA0); });
  Expect("and t3, t3, a0", [](Emitter& e) { e.And(kT3, kT3, kA0); });
  Expect("and a0, a0, t3", [](Emitter& e) { e.And(kA0, kT3, kA0); });
  Expect("c.or a0, a1", [](Emitter& e) { e.Or(kA0, kA0, kA1); });
  Expect("c.sub a0, a1", [](Emitter& e) { e.Sub(kA0, kA0, kA1); });
  Expect("sub a0, a1, a0", [](Emitter& e) { e.Sub(kA0, kA1, kA0); });
  Expect("c.subw a0, a1", [](Emitter& e) { e.Subw(kA0, kA0, kA1); });
  Expect("c.mv t3, a0", [](Emitter& e) { e.Move(kT3, kA0); });
}

void EmitterTest::Immediates() {
  Expect("c.addi t3, -32", [](Emitter& e) { e.AddImm(kT3, kT3, -32); });
  Expect("addi t3, t3, 32", [](Emitter& e) { e.AddImm(kT3, kT3, 32); });
  Expect("addi a0, a1, 1", [](Emitter& e) { e.AddImm(kA0, kA1, 1); });
  Expect("c.mv a0, a1", [](Emitter& e) { e.AddImm(kA0, kA1, 0); });
  Expect("c.addi16sp sp, -64", [](Emitter& e) { e.AddImm(kSp, kSp, -64); });
  Expect("c.addi sp, -16", [](Emitter& e) { e.AddImm(kSp, kSp, -16); });
  Expect("addi sp, sp, 1024", [](Emitter& e) { e.AddImm(kSp, kSp, 1024); });
  Expect("c.addi4spn s0, sp, 48", [](Emitter& e) { e.AddImm(kS0, kSp, 48); });
  Expect("addi s0, sp, -48", [](Emitter& e) { e.AddImm(kS0, kSp, -48); });
  Expect("addi t3, sp, 48", [](Emitter& e) { e.AddImm(kT3, kSp, 48); });
  Expect("c.addiw t3, 0", [](Emitter& e) { e.AddImmW(kT3, kT3, 0); });
  Expect("addiw a0, a1, 0", [](Emitter& e) { e.AddImmW(kA0, kA1, 0); });
  Expect("addiw a0, a0, 32", [](Emitter& e) { e.AddImmW(kA0, kA0, 32); });
  Expect("c.andi a0, -1", [](Emitter& e) { e.AndImm(kA0, kA0, -1); });
  Expect("andi a0, a0, 255", [](Emitter& e) { e.AndImm(kA0, kA0, 255); });
  Expect("andi t3, t3, 1", [](Emitter& e) { e.AndImm(kT3, kT3, 1); });
  Expect("c.slli t3, 63", [](Emitter& e) { e.ShiftLeft(kT3, kT3, 63); });
  Expect("slli a0, a1, 1", [](Emitter& e) { e.ShiftLeft(kA0, kA1, 1); });
  Expect("c.srli a0, 63", [](Emitter& e) { e.ShiftRight(kA0, kA0, 63); });
  Expect("srli t3, t3, 1", [](Emitter& e) { e.ShiftRight(kT3, kT3, 1); });
  Expect("c.srai a0, 1", [](Emitter& e) { e.ShiftRightSigned(kA0, kA0, 1); });
  Expect("srai a0, a1, 1", [](Emitter& e) { e.ShiftRightSigned(kA0, kA1, 1); });
}

void EmitterTest::Accesses() {
  const auto load = [&](const std::string& text, uint32_t insn, unsigned rd,
                        unsigned base, int64_t offset) {
    Expect(text, [=](Emitter& e) { e.Load(insn, rd, base, offset); });
  };
  const auto store = [&](const std::string& text, uint32_t insn, unsigned rs,
                         unsigned base, int64_t offset) {
    Expect(text, [=](Emitter& e) { e.Store(insn, rs, base, offset); });
  };
  load("c.ld a0, 248(a1)", encode::kLd, kA0, kA1, 248);
  load("ld a0, 256(a1)", encode::kLd, kA0, kA1, 256);
  load("ld a0, 4(a1)", encode::kLd, kA0, kA1, 4);
  load("ld a0, -8(a1)", encode::kLd, kA0, kA1, -8);
  load("ld t3, 8(a1)", encode::kLd, kT3, kA1, 8);
  load("ld a0, 8(t3)", encode::kLd, kA0, kT3, 8);
  load("c.ldsp t3, 504(sp)", encode::kLd, kT3, kSp, 504);
  load("ld t3, 512(sp)", encode::kLd, kT3, kSp, 512);
  load("c.lw a0, 124(a1)", encode::kLw, kA0, kA1, 124);
  load("lw a0, 128(a1)", encode::kLw, kA0, kA1, 128);
  load("lw a0, 2(a1)", encode::kLw, kA0, kA1, 2);
  load("lwu a0, 4(a1)", encode::kLwu, kA0, kA1, 4);
  load("lbu a0, 0(a1)", encode::kLbu, kA0, kA1, 0);
  load("lw a0, 4(sp)", encode::kLw, kA0, kSp, 4);
  store("c.sd a0, 248(a1)", encode::kSd, kA0, kA1, 248);
  store("sd a0, 256(a1)", encode::kSd, kA0, kA1, 256);
  store("sd zero, 8(a1)", encode::kSd, 0, kA1, 8);
  store("c.sdsp t3, 504(sp)", encode::kSd, kT3, kSp, 504);
  store("c.sw a0, 124(a1)", encode::kSw, kA0, kA1, 124);
  store("sw a0, -4(a1)", encode::kSw, kA0, kA1, -4);
  store("sb a0, 4(a1)", encode::kSb, kA0, kA1, 4);
}

void EmitterTest::Constants() {
  ExpectConstant("c.li a0, 0", 0);
  ExpectConstant("c.li a0, -32", -32);
  ExpectConstant("addi a0, zero, 32", 32);
  ExpectConstant("addi a0, zero, -2048", -2048);
  ExpectConstant("c.lui a0, 1", 4096);
  ExpectConstant("lui a0, 32", 0x20000);
  ExpectConstant("c.lui a0, 0xfffe0", -0x20000);
  ExpectConstant("c.lui a0, 1; addiw a0, a0, -2048", 2048);
  ExpectConstant("lui a0, 0x12345; addiw a0, a0, 0x678", 0x12345678);
  ExpectConstant("lui a0, 0x80000; c.addiw a0, -1", 0x7fffffff);
  ExpectConstant("lui a0, 0x80000", -0x80000000ll);
  ExpectConstant("c.li a0, 1; c.slli a0, 31", 0x80000000);
  ExpectConstant("c.li a0, -1; c.srli a0, 32", 0xffffffff);
  ExpectConstant("c.li a0, -1; c.srli a0, 1", INT64_MAX);
  ExpectConstant("c.li a0, -1; c.slli a0, 63", INT64_MIN);
  ExpectConstant("addi a0, zero, 1023; c.slli a0, 40", 0x3ff0000000000);
  ExpectConstant("lui a0, 0x12345; c.slli a0, 8", 0x1234500000);
  ExpectConstant("c.li a0, 1; c.slli a0, 40; addi a0, a0, 0x1b3",
                 0x100000001b3);
  ExpectConstant(
      "lui a0, 0xff0; addiw a0, a0, 255; c.slli a0, 16; "
      "addi a0, a0, 255; c.slli a0, 16; addi a0, a0, 255",
      0x00ff00ff00ff00ff);
}

TEST_F(EmitterTest, ChoosesTheShortestForm) {
  ThreeRegisters();
  Immediates();
  Accesses();
  Constants();
  golden_.ExpectAllUsed(70);
}

TEST(EmitterMoveTest, NeedsNothingForTheSameRegister) {
  machine::CodeBuffer buffer;
  Emitter emitter(buffer);
  emitter.Move(kA0, kA0);
  emitter.AddImm(kA0, kA0, 0);
  EXPECT_EQ(buffer.size(), 0u);
}

}  // namespace
}  // namespace ebpf::riscv64
