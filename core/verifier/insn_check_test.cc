// SPDX-License-Identifier: MIT
#include "core/verifier/insn_check.h"

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

class InsnCheckTest : public VerifierTest {
 protected:
  void RejectsInsn(const isa::Insn& insn, const std::string& text,
                   OnLinux on_linux = OnLinux::kSame) {
    SCOPED_TRACE(text);
    Rejects({MovImm(R0, 0), MovImm(R2, 1), insn, Exit()}, Status::kInvalid,
            text, on_linux);
  }
};

TEST_F(InsnCheckTest, UnknownOpcodesAreRefused) {
  RejectsInsn(Raw(0xff, 0, 0, 0, 0), "unknown opcode ff");
  RejectsInsn(Raw(0x8e, 0, 0, 0, 0), "unknown opcode 8e");
  RejectsInsn(Raw(0x00, 0, 0, 0, 0), "unknown opcode 00");
  RejectsInsn(Raw(0x8d, 2, 0, 0, 0), "unknown opcode 8d");
}

TEST_F(InsnCheckTest, RegistersAboveTenAreRefused) {
  RejectsInsn(Raw(0xb7, 11, 0, 0, 0), "R11 is invalid");
  RejectsInsn(Raw(0xbf, 0, 15, 0, 0), "R15 is invalid");
  RejectsInsn(Raw(0x61, 0, 12, 0, 0), "R12 is invalid");
}

TEST_F(InsnCheckTest, ReservedFieldsMustBeZero) {
  RejectsInsn(Raw(0xb7, 0, 1, 0, 0), "BPF_MOV uses reserved fields");
  RejectsInsn(Raw(0xbf, 0, 2, 3, 0), "BPF_MOV uses reserved fields");
  RejectsInsn(Raw(0x0f, 0, 2, 0, 7), "BPF_ALU uses reserved fields");
  RejectsInsn(Raw(0x07, 0, 2, 0, 7), "BPF_ALU uses reserved fields");
  RejectsInsn(Raw(0x07, 0, 0, 1, 7), "BPF_ALU uses reserved fields");
  RejectsInsn(Raw(0x87, 0, 0, 0, 1), "BPF_NEG uses reserved fields");
  RejectsInsn(Raw(0xdc, 0, 0, 0, 24), "BPF_END uses reserved fields");
  RejectsInsn(Raw(0xd7, 0, 1, 0, 16), "BPF_END uses reserved fields");
  RejectsInsn(Raw(0x15, 0, 1, 0, 0), "BPF_JMP/JMP32 uses reserved fields");
  RejectsInsn(Raw(0x1d, 0, 2, 0, 4), "BPF_JMP/JMP32 uses reserved fields");
  RejectsInsn(Raw(0x05, 1, 0, 0, 0), "BPF_JA uses reserved fields");
  RejectsInsn(Raw(0x05, 0, 0, 0, 9), "BPF_JA uses reserved fields");
  RejectsInsn(Raw(0x06, 0, 0, 1, 0), "BPF_JA uses reserved fields");
  Rejects({MovImm(R0, 0), Raw(0x95, 0, 0, 0, 1)}, Status::kInvalid,
          "BPF_EXIT uses reserved fields");
  Rejects({MovImm(R0, 0), Raw(0x95, 1, 0, 0, 0)}, Status::kInvalid,
          "BPF_EXIT uses reserved fields");
  RejectsInsn(Raw(0x85, 1, 0, 0, kKtime), "BPF_CALL uses reserved fields");
  RejectsInsn(Raw(0x85, 0, 0, 1, kKtime), "BPF_CALL uses reserved fields");
  RejectsInsn(Raw(0x85, 0, 3, 0, kKtime), "BPF_CALL uses reserved fields");
  RejectsInsn(Raw(0x61, 0, 10, -8, 1), "BPF_LDX uses reserved fields");
  RejectsInsn(Raw(0x62, 10, 1, -8, 1), "BPF_ST uses reserved fields");
  RejectsInsn(Raw(0x63, 10, 2, -8, 1), "BPF_STX uses reserved fields");
}

TEST_F(InsnCheckTest, NegativeOffsetOfADivisionIsRefused) {
  // Linux looks only for offsets above 1.
  RejectsInsn(Raw(0x3f, 0, 2, -1, 0), "BPF_ALU uses reserved fields",
              OnLinux::kOtherText);
}

TEST_F(InsnCheckTest, AtomicOperationsAreKnownOnes) {
  Rejects({MovImm(R2, 1), StoreImm(kDW, R10, -8, 0),
           Atomic(kDW, 0x20, R10, -8, R2), Return0()},
          Status::kInvalid, "BPF_ATOMIC uses invalid atomic opcode 20");
  Rejects({MovImm(R2, 1), StoreImm(kDW, R10, -8, 0),
           Atomic(kDW, 0xe0, R10, -8, R2), Return0()},
          Status::kInvalid, "BPF_ATOMIC uses invalid atomic opcode e0");
  RejectsInsn(Atomic(kB, kAdd, R10, -8, R2), "invalid atomic operand size");
}

TEST_F(InsnCheckTest, DivisionByTheConstantZeroIsRefused) {
  for (AluCode code : {kDiv, kMod}) {
    RejectsInsn(AluImm(code, R2, 0), "div by zero");
    RejectsInsn(Alu32Imm(code, R2, 0), "div by zero");
    RejectsInsn(AluImm(code, R2, 0, 1), "div by zero");
  }
}

TEST_F(InsnCheckTest, ShiftsStayBelowTheWidth) {
  RejectsInsn(AluImm(kLsh, R2, 64), "invalid shift 64");
  RejectsInsn(AluImm(kRsh, R2, -1), "invalid shift -1");
  RejectsInsn(Alu32Imm(kArsh, R2, 32), "invalid shift 32");
  Accepts({MovImm(R2, 1), AluImm(kLsh, R2, 63), Alu32Imm(kArsh, R2, 31),
           Return0()});
}

TEST_F(InsnCheckTest, LoadImm64HasOneForm) {
  Code code = Join({LoadImm64(R1, 1), Return0()});
  code[1].opcode = 0x07;
  Rejects(code, Status::kInvalid, "invalid bpf_ld_imm64 insn");
  code = Join({LoadImm64(R1, 1), Return0()});
  code[1].dst = 1;
  Rejects(code, Status::kInvalid, "invalid bpf_ld_imm64 insn");
  code = Join({LoadImm64(R1, 1), Return0()});
  code[0].offset = 1;
  Rejects(code, Status::kInvalid, "BPF_LD_IMM64 uses reserved fields");
  code = Join({LoadMap(R1, kArray), Return0()});
  code[1].imm = 1;
  Rejects(code, Status::kInvalid, "unrecognized bpf_ld_imm64 insn");
  code = Join({LoadImm64(R1, 1), Return0()});
  code[0].src = 9;
  Rejects(code, Status::kInvalid, "unrecognized bpf_ld_imm64 insn");
}

TEST_F(InsnCheckTest, MapsMustBeThere) {
  Rejects({LoadMap(R1, 1000), Return0()}, Status::kBadFd,
          "fd 1000 is not pointing to valid bpf_map");
  Rejects({LoadMap(R1, -1), Return0()}, Status::kBadFd,
          "fd -1 is not pointing to valid bpf_map");
  Rejects({LoadMapValue(R1, 1000), Return0()}, Status::kBadFd,
          "fd 1000 is not pointing to valid bpf_map");
}

TEST_F(InsnCheckTest, DirectValuesAreOfArraysAndInBounds) {
  Accepts({LoadMapValue(R1, kArray, 15), Return0()});
  Rejects({LoadMapValue(R1, kArray, 16), Return0()}, Status::kInvalid,
          "invalid access to map value pointer, value_size=16 off=16");
  Rejects({LoadMapValue(R1, kArray, 1 << 29), Return0()}, Status::kInvalid,
          "direct value offset of 536870912 is not allowed");
  Rejects({LoadMapValue(R1, kArray, -1), Return0()}, Status::kInvalid,
          "direct value offset of 4294967295 is not allowed");
  Rejects({LoadMapValue(R1, kHash), Return0()}, Status::kInvalid,
          "no direct value access support for this map type");
  Rejects({LoadMapValue(R1, kRing), Return0()}, Status::kInvalid,
          "no direct value access support for this map type");
}

TEST_F(InsnCheckTest, WhatIsNotImplementedIsRefusedByName) {
  Code code = LoadImm64(R1, 0);
  code[0].src = isa::kPseudoBtfId;
  Rejects({code, Return0()}, Status::kInvalid,
          "kernel is missing BTF, make sure CONFIG_DEBUG_INFO_BTF=y is "
          "specified in Kconfig.",
          OnLinux::kOtherText);
  Rejects({Raw(0x85, 0, isa::kCallKernel, 0, 1), Return0()},
          Status::kNotSupportedLinux,
          "calling kernel function is not supported without "
          "CONFIG_DEBUG_INFO_BTF",
          OnLinux::kOtherText);
  Rejects({Raw(0x20, 0, 0, 0, 4), Exit()}, Status::kInvalid,
          "BPF_LD_[ABS|IND] instructions not allowed for this program type");
  Rejects({MovImm(R2, 0), Raw(0x40, 0, 2, 0, 4), Exit()}, Status::kInvalid,
          "BPF_LD_[ABS|IND] instructions not allowed for this program type");
}

TEST_F(InsnCheckTest, LogShowsTheInstructionAboveTheReason) {
  const Verdict verdict = Judge(Join({MovImm(R0, 0), LoadMap(R1, 99), Exit()}));
  EXPECT_EQ(verdict.log.find("1: (18) r1 = map[99]\n"
                             "fd 99 is not pointing to valid bpf_map\n"),
            0u)
      << verdict.log;
}

}  // namespace
}  // namespace ebpf::verifier
