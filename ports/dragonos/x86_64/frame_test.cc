// SPDX-License-Identifier: MIT
#include "ports/dragonos/x86_64/frame.h"

#include <cstring>

#include "gtest/gtest.h"

namespace ebpf::dragonos {
namespace {

/// A frame whose every word is its own index plus `base`.
dragonos_trap_frame NumberedFrame(uint64_t base) {
  uint64_t words[24];
  for (uint64_t i = 0; i < 24; ++i) {
    words[i] = base + i;
  }
  dragonos_trap_frame frame;
  std::memcpy(&frame, words, sizeof frame);
  return frame;
}

uint64_t WordOf(const dragonos_trap_frame& frame, size_t index) {
  uint64_t words[24];
  std::memcpy(words, &frame, sizeof frame);
  return words[index];
}

TEST(FrameTest, GivesEachRegisterItsPlaceInPtRegs) {
  x86_64::PtRegs regs = {};
  ToPtRegs(NumberedFrame(100), regs);

  // By the documented order of both: frame words 0.. are r15 r14 r13 r12 r11
  // r10 r9 r8 rbx rcx rdx rsi rdi rbp ds es rax func errcode rip cs rflags rsp
  // ss.
  const uint64_t expected[21] = {100, 101,          102, 103, 113, 108, 104,
                                 105, 106,          107, 116, 109, 110, 111,
                                 112, ~uint64_t{0}, 119, 120, 121, 122, 123};
  uint64_t words[21];
  std::memcpy(words, &regs, sizeof regs);
  for (size_t i = 0; i < 21; ++i) {
    EXPECT_EQ(words[i], expected[i]) << "word " << i;
  }
}

TEST(FrameTest, TakesEveryRegisterBack) {
  x86_64::PtRegs regs = {};
  ToPtRegs(NumberedFrame(100), regs);
  dragonos_trap_frame frame = NumberedFrame(500);
  x86_64::CopyRegisters(regs, frame);

  for (size_t i = 0; i < 24; ++i) {
    const bool kept = i == 14 || i == 15 || i == 17 || i == 18;
    EXPECT_EQ(WordOf(frame, i), (kept ? 500 : 100) + i) << "word " << i;
  }
}

}  // namespace
}  // namespace ebpf::dragonos
