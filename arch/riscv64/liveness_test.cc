// SPDX-License-Identifier: MIT
//
// Which registers are found dead. Encodings are what LLVM's assembler makes of
// the instruction beside them; testing/probes compares with another way to find
// out, over whole kernels.
#include "arch/riscv64/liveness.h"

#include <vector>

#include "arch/riscv64/encoder.h"
#include "gtest/gtest.h"

namespace ebpf::riscv64 {
namespace {

using namespace encode;

constexpr unsigned kT0 = 5;
constexpr uint32_t kRet = 0x8082;
constexpr uint32_t kNop = 0x00000013;
constexpr uint32_t kSret = 0x10200073;

RegisterSet DeadIn(const std::vector<uint32_t>& insns, size_t offset = 0) {
  std::vector<uint8_t> code;
  for (const uint32_t insn : insns) {
    const unsigned size = (insn & 3) == 3 ? 4 : 2;
    for (unsigned i = 0; i < size; ++i) {
      code.push_back(static_cast<uint8_t>(insn >> (8 * i)));
    }
  }
  return DeadAt(ConstBytes(code.data(), code.size()), offset);
}

uint32_t Li(unsigned reg) { return Imm(kAddi, reg, kZero, 1); }
uint32_t Use(unsigned reg) { return Imm(kAddi, kA0, reg, 0); }

TEST(LivenessTest, WhatIsWrittenFirstIsDead) {
  EXPECT_EQ(DeadIn({Li(kT1), Use(kT1), kRet}), SetOf(kT1) | SetOf(kA0));
  EXPECT_EQ(DeadIn({Use(kT1), Li(kT1), kRet}), SetOf(kA0));
  EXPECT_EQ(DeadIn({Use(kT1), Li(kT1), kRet}, 4), SetOf(kT1));
}

TEST(LivenessTest, AReturnReadsWhatTheFunctionDoesNotWrite) {
  // Nothing reads t3, but a caller may know that nothing here writes it.
  EXPECT_EQ(DeadIn({kNop, Li(kT1), kRet}), SetOf(kT1));
  // The results are read.
  EXPECT_EQ(DeadIn({Li(kA0), Li(kA1), Li(kA2), kRet}, 12), SetOf(kA2));
}

TEST(LivenessTest, WhatIsLoadedFromTheStackMayBePreserved) {
  const std::vector<uint32_t> code = {
      StoreTo(kSd, kT1, kSp, -8), Li(kT1), Li(kT2),
      Imm(kLd, kT1, kSp, -8),     kNop,    kRet};
  EXPECT_EQ(DeadIn(code, 16), SetOf(kT2));
  EXPECT_EQ(DeadIn(code, 4), SetOf(kT1) | SetOf(kT2));
}

TEST(LivenessTest, EachWayIsWalked) {
  // beqz a0, +8: one way reads t1, the other writes it first.
  EXPECT_EQ(DeadIn({Branch(kBeq, kA0, kZero, 8), Use(kT1), Li(kT1), kRet}), 0u);
  EXPECT_EQ(DeadIn({Branch(kBeq, kA0, kZero, 8), Li(kT1), Li(kT1), kRet}),
            SetOf(kT1));
  // Backwards: t1 is read in the second round only.
  EXPECT_EQ(
      DeadIn({Use(kT1), Li(kT2), Branch(kBne, kA0, kZero, -8), Li(kT1), kRet},
             4),
      SetOf(kT2));
  // A way that does not end reads nothing more.
  EXPECT_EQ(DeadIn({Li(kT1), Jal(kZero, -4)}) & SetOf(kT1), SetOf(kT1));
}

TEST(LivenessTest, ACallReadsAllButT0AndT1AndMayKeepThese) {
  const uint32_t call = Jal(kRa, 0x100);
  EXPECT_EQ(DeadIn({call, Li(kT0), Li(kT1), Li(kT2), Li(kA2), kRet}),
            SetOf(kT0) | SetOf(kT1));
  EXPECT_EQ(DeadIn({call, Use(kT1), Li(kT0), kRet}), SetOf(kT0));
  // By another link: t0 is where millicode returns to.
  EXPECT_EQ(DeadIn({Jal(kT0, 0x100), Li(kT1), kRet}), 0u);
}

TEST(LivenessTest, WhoIsNotKnownMayReadAll) {
  for (const uint32_t last :
       {Jal(kZero, 0x1000), Jal(kZero, -0x1000), CJr(kT1), kSret, 0x00100073u,
        Branch(kBeq, kA0, kZero, -0x800), 0x0000000bu}) {
    EXPECT_EQ(DeadIn({kNop, last, Li(kT2), kRet}), 0u) << std::hex << last;
    EXPECT_EQ(DeadIn({Li(kT2), last, kNop, kRet}), SetOf(kT2));
  }
  EXPECT_EQ(DeadIn({kNop, kNop}), 0u);  // it goes on behind the function
  EXPECT_EQ(DeadIn({kNop, kRet, Li(kT1), 0x001fu}), 0u);  // not decoded
  EXPECT_EQ(DeadIn({}, 0), 0u);
}

TEST(LivenessTest, AnAccessThatFaultsMayGoOnAnywhere) {
  EXPECT_EQ(DeadIn({Imm(kLd, kA0, kA1, 0), Li(kT1), kRet}), 0u);
  EXPECT_EQ(DeadIn({Li(kT1), Imm(kLd, kA0, kA1, 0), kRet}), SetOf(kT1));
  EXPECT_EQ(DeadIn({Imm(kLd, kA2, kSp, 8), Li(kT1), kRet}),
            SetOf(kT1) | SetOf(kA2));
}

TEST(LivenessTest, APartOfTheFunctionSaysLess) {
  const uint32_t insns[] = {kNop, Li(kT1), kRet};
  const auto* bytes = reinterpret_cast<const uint8_t*>(insns);
  EXPECT_EQ(DeadWithin(ConstBytes(bytes, 4), 0), 0u);
  EXPECT_EQ(DeadWithin(ConstBytes(bytes, 8), 0), SetOf(kT1));
  EXPECT_EQ(DeadWithin(ConstBytes(bytes, 10), 8), 0u);
  EXPECT_EQ(DeadAt(ConstBytes(bytes, 10), 8), SetOf(kT1));
}

TEST(LivenessTest, TheWorkIsBounded) {
  // More places that are jumped to than it keeps: what they write is not seen.
  std::vector<uint32_t> code;
  for (unsigned i = 0; i < 200; ++i) {
    code.push_back(Branch(kBeq, kA0, kZero, 2000));
    code.push_back(kNop);
  }
  for (unsigned i = 0; i < 600; ++i) {
    code.push_back(Li(kT1));
  }
  code.push_back(kRet);
  EXPECT_EQ(DeadIn(code), 0u);
  // A long way.
  std::vector<uint32_t> far(5000, kNop);
  far.push_back(Li(kT1));
  far.push_back(kRet);
  EXPECT_EQ(DeadIn(far), 0u);
  EXPECT_EQ(DeadIn(far, 4 * 4000), SetOf(kT1));
}

}  // namespace
}  // namespace ebpf::riscv64
