// SPDX-License-Identifier: MIT
//
// The oracle against the examples and sentences of RFC 9669.
#include "testing/conformance/oracle.h"

#include <cstring>

#include "gtest/gtest.h"

namespace ebpf::oracle {
namespace {

uint64_t R0After(const std::vector<Insn>& code, uint64_t r0, uint64_t r1 = 0) {
  State state;
  state.regs[0] = r0;
  state.regs[1] = r1;
  EXPECT_EQ(oracle::Run(code, state), Result::kDone);
  return state.regs[0];
}

TEST(OracleTest, Adds32BitsAndZeroesTheUpperHalf) {
  EXPECT_EQ(R0After({Make(0x0c, 0, 1, 0, 0)}, 0xffffffff'ffffffff, 1), 0u);
  EXPECT_EQ(R0After({Make(0x0f, 0, 1, 0, 0)}, 0xffffffff, 1), 0x100000000u);
}

TEST(OracleTest, DividesByZeroAndByMinusOneAsSection41Says) {
  EXPECT_EQ(R0After({Make(0x3f, 0, 1, 0, 0)}, 77, 0), 0u);
  EXPECT_EQ(R0After({Make(0x9f, 0, 1, 0, 0)}, 77, 0), 77u);
  EXPECT_EQ(R0After({Make(0x9c, 0, 1, 0, 0)}, 0x5'00000077, 0), 0x77u);
  constexpr uint64_t kSmallest = uint64_t{1} << 63;
  EXPECT_EQ(R0After({Make(0x3f, 0, 1, 1, 0)}, kSmallest, ~0ull), kSmallest);
  EXPECT_EQ(R0After({Make(0x9f, 0, 1, 1, 0)}, kSmallest, ~0ull), 0u);
  // -13 / 3 == -4, -13 % 3 == -1: towards zero, the sign of the dividend.
  EXPECT_EQ(R0After({Make(0x37, 0, 0, 1, 3)}, 0ull - 13), 0ull - 4);
  EXPECT_EQ(R0After({Make(0x97, 0, 0, 1, 3)}, 0ull - 13), 0ull - 1);
}

TEST(OracleTest, MasksCountsOfShifts) {
  EXPECT_EQ(R0After({Make(0x6f, 0, 1, 0, 0)}, 1, 65), 2u);
  EXPECT_EQ(R0After({Make(0x6c, 0, 1, 0, 0)}, 1, 33), 2u);
  EXPECT_EQ(R0After({Make(0xc4, 0, 0, 0, 4)}, 0x80000000), 0xf8000000u);
}

TEST(OracleTest, ExtendsSignsAndSwapsBytes) {
  EXPECT_EQ(R0After({Make(0xbf, 0, 1, 8, 0)}, 0, 0x80), 0xffffffff'ffffff80u);
  EXPECT_EQ(R0After({Make(0xbc, 0, 1, 16, 0)}, 0, 0x8000), 0xffff8000u);
  EXPECT_EQ(R0After({Make(0xdc, 0, 0, 0, 16)}, 0x112233), 0x3322u);
  EXPECT_EQ(R0After({Make(0xd4, 0, 0, 0, 16)}, 0x112233), 0x2233u);
  EXPECT_EQ(R0After({Make(0xd7, 0, 0, 0, 32)}, 0x1122334455), 0x55443322u);
}

TEST(OracleTest, JumpsOnSignedAndUnsignedAndBits) {
  const auto taken = [](unsigned opcode, uint64_t r0, int32_t imm) {
    return R0After({Make(opcode, 0, 0, 1, imm), Make(0xb7, 0, 0, 0, 99)}, r0) !=
           99;
  };
  EXPECT_TRUE(taken(0x25, ~0ull, 1));   // unsigned >
  EXPECT_FALSE(taken(0x65, ~0ull, 1));  // signed >
  EXPECT_TRUE(taken(0x15, ~0ull, -1));  // == of the extended constant
  EXPECT_TRUE(taken(0x16, 0x5'00000001, 1));
  EXPECT_FALSE(taken(0x15, 0x5'00000001, 1));
  EXPECT_TRUE(taken(0x45, 6, 2));
}

TEST(OracleTest, AtomicOperationsGiveWhatWasThere) {
  uint64_t word = 0xffffffff'00000005;
  State state;
  state.memory.push_back({0x1000, reinterpret_cast<uint8_t*>(&word), 8});
  state.regs[1] = 0x1000;
  state.regs[2] = ~0ull;
  state.regs[0] = 0xaaaaaaaa'00000004;
  ASSERT_EQ(oracle::Run({Make(0xc3, 1, 2, 0, 0x01)}, state), Result::kDone);
  EXPECT_EQ(word, 0xffffffff'00000004u);
  EXPECT_EQ(state.regs[2], 5u);
  ASSERT_EQ(oracle::Run({Make(0xc3, 1, 2, 0, 0xf1)}, state), Result::kDone);
  EXPECT_EQ(word, 0xffffffff'00000005u);
  EXPECT_EQ(state.regs[0], 4u);
}

TEST(OracleTest, RefusesWhatIsNoInstruction) {
  State state;
  for (const Insn& insn :
       {Make(0x8c, 0, 1, 0, 0), Make(0xbc, 0, 1, 32, 0), Make(0x37, 0, 0, 2, 1),
        Make(0xd7, 0, 0, 0, 8), Make(0x99, 0, 0, 0, 0), Make(0xe5, 0, 0, 0, 0),
        Make(0x05, 0, 0, -3, 0)}) {
    EXPECT_EQ(oracle::Run({insn}, state), Result::kUndefined)
        << unsigned{insn.opcode};
  }
  EXPECT_EQ(oracle::Run({Make(0x79, 0, 1, 0, 0)}, state), Result::kFault);
  EXPECT_EQ(oracle::Run({Make(0x05, 0, 0, -1, 0)}, state), Result::kTooLong);
}

}  // namespace
}  // namespace ebpf::oracle
