// SPDX-License-Identifier: MIT
//
// What arch/riscv64/insn_effect.h says of instructions, by running them: they
// give the same whatever is in the registers that they are said not to read,
// and change none but those that they are said to write.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <random>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ucontext.h>

#include "arch/riscv64/insn_effect.h"
#include "arch/riscv64/insn_fields.h"
#include "arch/riscv64/machine/icache.h"
#include "gtest/gtest.h"

namespace {

/// What the assembler below knows by offsets.
struct Passage {
  uint64_t own_sp, own_tp, illegal, unused[5];
  uint64_t from[32];
  uint64_t to[32];
};
static_assert(offsetof(Passage, from) == 64);
static_assert(offsetof(Passage, to) == 320);
static_assert(offsetof(ucontext_t, uc_mcontext) == 176);

}  // namespace

extern "C" {

// Fills all registers but gp and tp, runs the instruction in EffectCode, and
// puts all away again. tp points to the passage meanwhile.
void EffectRun(Passage* passage);
void EffectOnIllegal(int signal, siginfo_t* info, void* context);
extern uint8_t EffectCode[];

}  // extern "C"

asm(R"(
        .text
        .option push
        .option norvc
        .balign 4096
        .globl EffectCode
EffectCode:
        .word 0
        j 1f
        .balign 4096
        .globl EffectRun
        .type EffectRun, @function
EffectRun:
        addi sp, sp, -128
        sd ra, 0(sp)
        .irp n, 0,1,2,3,4,5,6,7,8,9,10,11
        sd s\n, 8 * \n + 8(sp)
        .endr
        sd sp, 0(a0)
        sd tp, 8(a0)
        mv tp, a0
        .irp n, 1,2,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        ld x\n, 64 + 8 * \n(tp)
        .endr
        j EffectCode
2:      sd tp, 16(tp)
1:      .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        sd x\n, 320 + 8 * \n(tp)
        .endr
        ld sp, 0(tp)
        ld tp, 8(tp)
        ld ra, 0(sp)
        .irp n, 0,1,2,3,4,5,6,7,8,9,10,11
        ld s\n, 8 * \n + 8(sp)
        .endr
        addi sp, sp, 128
        ret
        .size EffectRun, . - EffectRun

        .globl EffectOnIllegal
        .type EffectOnIllegal, @function
EffectOnIllegal:
        lla t0, 2b
        sd t0, 176(a2)
        ret
        .size EffectOnIllegal, . - EffectOnIllegal
        .option pop
)");

namespace ebpf::riscv64 {
namespace {

constexpr unsigned kSpNumber = 2, kGpNumber = 3, kTpNumber = 4;
constexpr RegisterSet kKept = SetOf(kGpNumber) | SetOf(kTpNumber);

class InsnEffectRunTest : public ::testing::Test {
 protected:
  InsnEffectRunTest() {
    EXPECT_EQ(mprotect(EffectCode, 4096, PROT_READ | PROT_WRITE | PROT_EXEC),
              0);
    const stack_t stack = {signal_stack_, 0, sizeof signal_stack_};
    sigaltstack(&stack, nullptr);
    struct sigaction action = {};
    action.sa_sigaction = EffectOnIllegal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGILL, &action, nullptr);
  }

  void Write(uint32_t insn, unsigned size) {
    constexpr uint16_t kCNop = 1;
    memcpy(EffectCode, &insn, size);
    if (size == 2) {
      memcpy(EffectCode + 2, &kCNop, 2);
    }
    SyncInsnStream();
  }

  /// Everything that it gives; false if this CPU does not know it.
  bool Run(Passage& passage, const uint64_t (&stack)[1024]) {
    memcpy(stack_, stack, sizeof stack_);
    passage_ = passage;  // at one place: tp is read, too
    passage_.illegal = 0;
    EffectRun(&passage_);
    passage = passage_;
    return passage.illegal == 0;
  }

  /// One instruction with registers at random, twice.
  void Check(uint32_t insn, unsigned size, const InsnEffect& effect) {
    static uint64_t stack[1024];
    static uint64_t stack_after[1024];
    Passage first = {};
    for (unsigned i = 0; i < 32; ++i) {
      first.from[i] = random_() % 4 == 0 ? random_() % 8 : random_();
    }
    first.from[kSpNumber] = reinterpret_cast<uint64_t>(stack_ + 512);
    for (uint64_t& word : stack) {
      word = random_();
    }
    Passage second = first;
    for (unsigned i = 1; i < 32; ++i) {
      if ((effect.reads >> i & 1) == 0 && i != kSpNumber) {
        second.from[i] = random_();
      }
    }
    Write(insn, size);
    if (!Run(first, stack)) {
      ++unknown_;
      return;
    }
    memcpy(stack_after, stack_, sizeof stack_after);
    ASSERT_TRUE(Run(second, stack));
    ++ran_;
    EXPECT_EQ(memcmp(stack_after, stack_, sizeof stack_), 0)
        << std::hex << insn;
    for (unsigned i = 1; i < 32; ++i) {
      if (i == kGpNumber || i == kTpNumber) {
        continue;
      }
      const bool written = (effect.writes >> i & 1) != 0;
      EXPECT_EQ(first.to[i], written ? second.to[i] : first.from[i])
          << "x" << i << " of " << std::hex << insn;
      EXPECT_TRUE(written || second.to[i] == second.from[i])
          << "x" << i << " of " << std::hex << insn;
    }
  }

  void CheckRandom(uint32_t word) {
    const unsigned size = InsnSize(static_cast<uint16_t>(word));
    if (size == 0) {
      return;
    }
    const uint32_t insn = size == 2 ? word & 0xffff : word;
    const InsnEffect effect = EffectOf(insn, size);
    if (effect.next == InsnEffect::Next::kFollowing && !effect.may_fault &&
        (effect.writes & kKept) == 0) {
      Check(insn, size, effect);
    }
  }

  std::mt19937_64 random_{5};
  size_t ran_ = 0;
  size_t unknown_ = 0;

 private:
  Passage passage_;
  alignas(16) uint64_t stack_[1024];
  alignas(16) uint8_t signal_stack_[65536];
};

TEST_F(InsnEffectRunTest, HoldsForEveryCompressedInstruction) {
  for (uint32_t half = 0; half < 0x10000 && !HasFailure(); ++half) {
    if ((half & 3) != 3) {
      CheckRandom(half);
    }
  }
  printf("%zu ran, %zu are not known to this CPU\n", ran_, unknown_);
  EXPECT_GT(ran_, 20000u);
}

TEST_F(InsnEffectRunTest, HoldsForRandomInstructions) {
  constexpr uint32_t kOpcodes[] = {0x13, 0x17, 0x1b, 0x33, 0x37, 0x3b, 0x0f};
  for (int i = 0; i < 50000 && !HasFailure(); ++i) {
    uint32_t word = static_cast<uint32_t>(random_());
    const unsigned kind = random_() % 9;
    if (kind < 7) {
      word = (word & ~0x7fu) | kOpcodes[kind];
      if (random_() % 2 == 0) {
        word &= 0x61ffffff;  // the more usual ones
      }
    } else {  // on the stack
      word = (word & 0xfff07f80) | kSpNumber << 15 | (kind == 7 ? 0x03 : 0x23);
    }
    CheckRandom(word);
  }
  printf("%zu ran, %zu are not known to this CPU\n", ran_, unknown_);
  EXPECT_GT(ran_, 15000u);
}

}  // namespace
}  // namespace ebpf::riscv64
