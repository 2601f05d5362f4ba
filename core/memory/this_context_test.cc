// SPDX-License-Identifier: MIT
//
// With numbers as kernels have them, made up here. The mask of interrupts is
// only there in a kernel: core/selftest/this_cpu_port_test.cc.
#include "core/memory/this_context.h"

#include <cstddef>
#include <pthread.h>
#include <sys/mman.h>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

class ThisContextTest : public testing::Test {
 protected:
  ~ThisContextTest() override {
    ebpf_port_context = {};
    ebpf_port_this_cpu = {};
  }
};

TEST_F(ThisContextTest, NothingIsToldWhereThePortSaysNothing) {
  const Context context = ThisContext(0, 1);
  EXPECT_EQ(context.flags(), 0);
  EXPECT_EQ(context.preempt_depth(), 0);
}

TEST_F(ThisContextTest, EachCpuHasItsOwnNumbers) {
  struct alignas(64) Cpu {
    volatile uint32_t interrupts;
    volatile uint32_t resched;
  };
  static Cpu cpus[3];
  cpus[0] = {0, 0};
  cpus[1] = {2, 0};
  cpus[2] = {1, 7};
  ebpf_port_context = {.facts = EBPF_CONTEXT_INTERRUPTS | EBPF_CONTEXT_RESCHED,
                       .stride = sizeof(Cpu),
                       .interrupts = &cpus[0].interrupts,
                       .resched = &cpus[0].resched};

  EXPECT_EQ(ThisContext(0, 1).flags(), 0);
  EXPECT_EQ(ThisContext(1, 1).flags(), kInInterrupt);
  EXPECT_EQ(ThisContext(2, 1).flags(), kInInterrupt | kNeedsResched);
  EXPECT_EQ(ThisContext(2, 1).preempt_depth(), 0);
}

constexpr uint64_t kStackSize = 1 << 16;

struct Task {
  uint64_t before;
  uint32_t counter;
};

struct Asked {
  uint32_t counter;
  uint32_t held;
  uint8_t depth;
};

Task task;
Asked asked[] = {{0, 0, 0}, {0, 1, 0},   {1, 1, 0},  {2, 1, 1},
                 {3, 0, 3}, {16, 1, 15}, {17, 1, 15}};

void* AskOnStack(void* /*argument*/) {
  for (const Asked& one : asked) {
    task.counter = one.counter;
    const Context context = ThisContext(0, one.held);
    EXPECT_EQ(context.preempt_depth(), one.depth) << one.counter;
    EXPECT_EQ(context.flags(), 0);

    // Who stays on its CPU knows what it has found.
    const uint32_t before = task.counter;
    const BasicStayOnCpu<UsualFacts> stay;
    EXPECT_EQ(stay.depth_before(), before);
    EXPECT_EQ(ContextOf(stay, 0).preempt_depth(), Min(before, 15u));
    EXPECT_EQ(ContextOf(stay, 0).flags(), 0);
  }
  return nullptr;
}

TEST_F(ThisContextTest, TheDepthIsWhatTheCallerHasFound) {
  // Aligned, by taking twice as much.
  void* const memory = mmap(nullptr, 2 * kStackSize, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  auto* const stack = reinterpret_cast<void*>(
      (reinterpret_cast<uintptr_t>(memory) + kStackSize - 1) &
      ~(kStackSize - 1));
  *static_cast<Task**>(stack) = &task;
  pthread_attr_t attributes;
  ASSERT_EQ(pthread_attr_init(&attributes), 0);
  ASSERT_EQ(pthread_attr_setstack(&attributes, stack, kStackSize), 0);
  ebpf_port_this_cpu = {.facts = EBPF_THIS_CPU_COUNTER_BY_STACK,
                        .counter_offset = offsetof(Task, counter),
                        .stack_size = kStackSize};
  ebpf_port_context.facts = EBPF_CONTEXT_PREEMPT_DEPTH;

  pthread_t thread;
  ASSERT_EQ(pthread_create(&thread, &attributes, AskOnStack, nullptr), 0);
  pthread_join(thread, nullptr);

  pthread_attr_destroy(&attributes);
  munmap(memory, 2 * kStackSize);
}

}  // namespace
}  // namespace ebpf
