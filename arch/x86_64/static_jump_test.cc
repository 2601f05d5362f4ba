// SPDX-License-Identifier: MIT
//
// As Debian's libzydis reads it.
#include "arch/x86_64/static_jump.h"

#include <Zydis/Zydis.h>
#include <vector>

#include "arch/x86_64/machine_ops.h"
#include "gtest/gtest.h"

namespace ebpf::x86_64 {
namespace {

constexpr uint64_t kCode = 0xffff'8000'0010'0000;
constexpr int64_t kSize = sizeof(StaticJump::kNoOp);

struct Decoded {
  explicit Decoded(ConstBytes code) {
    ZydisDecoder decoder;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64,
                     ZYDIS_STACK_WIDTH_64);
    is_good = ZYAN_SUCCESS(ZydisDecoderDecodeFull(
        &decoder, code.data(), code.size(), &insn, operands));
  }
  bool is_good;
  ZydisDecodedInstruction insn;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
};

TEST(StaticJumpTest, TheNoOpIsOneInstruction) {
  const Decoded decoded(StaticJump::NoOp());
  ASSERT_TRUE(decoded.is_good);
  EXPECT_EQ(decoded.insn.mnemonic, ZYDIS_MNEMONIC_NOP);
  EXPECT_EQ(decoded.insn.length, kSize);
}

TEST(StaticJumpTest, TheJumpLeadsWhereItShall) {
  for (const int64_t distance : std::vector<int64_t>{
           kSize, 0, -1, 1000, INT32_MAX + kSize, INT32_MIN + kSize}) {
    uint8_t bytes[kSize];
    ASSERT_TRUE(StaticJump::Make(kCode, kCode + distance, bytes)) << distance;
    const Decoded decoded(bytes);
    ASSERT_TRUE(decoded.is_good);
    EXPECT_EQ(decoded.insn.mnemonic, ZYDIS_MNEMONIC_JMP);
    EXPECT_EQ(decoded.insn.length, kSize);
    ZyanU64 target = 0;
    ASSERT_TRUE(ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(
        &decoded.insn, &decoded.operands[0], kCode, &target)));
    EXPECT_EQ(target, kCode + distance);
  }
}

TEST(StaticJumpTest, RefusesWhatItCannotReach) {
  for (const int64_t distance :
       std::vector<int64_t>{INT32_MAX + kSize + 1, INT32_MIN + kSize - 1,
                            int64_t{1} << 40, -(int64_t{1} << 40)}) {
    uint8_t bytes[kSize];
    EXPECT_FALSE(StaticJump::Make(kCode, kCode + distance, bytes)) << distance;
  }
}

TEST(StaticJumpTest, IsTheMachines) {
  EXPECT_EQ(kMachineOps.static_no_op.data(), StaticJump::NoOp().data());
  EXPECT_EQ(kMachineOps.make_static_jump, &StaticJump::Make);
}

}  // namespace
}  // namespace ebpf::x86_64
