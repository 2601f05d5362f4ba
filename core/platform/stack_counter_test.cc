// SPDX-License-Identifier: MIT
//
// Without the host port: stacks as a kernel has them, aligned to their size,
// the lowest word pointing to what the kernel knows of the task.
#include "core/platform/stack_counter.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "core/base/types.h"
#include "core/platform/cpu.h"
#include "core/platform/log.h"
#include "core/platform/this_cpu.h"
#include "gtest/gtest.h"

namespace {

struct Task {
  uint64_t other[3];
  volatile uint32_t counter;
  volatile uint32_t next;
};
Task task = {};

uintptr_t masked = 0;
int calls = 0;

/// What the kernel's functions do to the counter.
uint32_t up = 1;
uint32_t down = 1;

void Disable() {
  EXPECT_EQ(masked, 1u);
  ++calls;
  task.counter = task.counter + up;
}
void Enable() {
  EXPECT_EQ(masked, 1u);
  task.counter = task.counter - down;
}

}  // namespace

extern "C" {

void ebpf_port_panic(const char* /*what*/) { abort(); }
uintptr_t ebpf_port_irq_save() { return masked++; }
void ebpf_port_irq_restore(uintptr_t state) { masked = state; }

}  // extern "C"

namespace ebpf {
namespace {

constexpr uint64_t kStackSize = uint64_t{1} << 16;
constexpr size_t kOffset = offsetof(Task, counter);

/// Of `size` bytes, all but the ends of which need no memory.
class Stack : public NonCopyable {
 public:
  explicit Stack(uint64_t size)
      : size_(size), memory_(Map(2 * size, PROT_NONE)) {
    begin_ = (reinterpret_cast<uintptr_t>(memory_) + size - 1) & ~(size - 1);
    constexpr int kAccess = PROT_READ | PROT_WRITE;
    EXPECT_EQ(mprotect(reinterpret_cast<void*>(begin_), 4096, kAccess), 0);
    EXPECT_EQ(mprotect(Top(), kTop, kAccess), 0);
    SetLowestWord(&task);
  }
  ~Stack() { munmap(memory_, 2 * size_); }

  void SetLowestWord(const void* word) {
    *reinterpret_cast<const void**>(begin_) = word;
  }

  /// FindStackCounter on it.
  void Find(size_t offset, uint64_t stack_size) {
    struct Arguments {
      size_t offset;
      uint64_t stack_size;
    } arguments = {offset, stack_size};
    pthread_attr_t attributes;
    ASSERT_EQ(pthread_attr_init(&attributes), 0);
    ASSERT_EQ(pthread_attr_setstack(&attributes, Top(), kTop), 0);
    pthread_t thread;
    const auto run = [](void* argument) -> void* {
      const auto& of = *static_cast<Arguments*>(argument);
      FindStackCounter(of.offset, of.stack_size, &Disable, &Enable);
      return nullptr;
    };
    ASSERT_EQ(pthread_create(&thread, &attributes, run, &arguments), 0);
    pthread_join(thread, nullptr);
    pthread_attr_destroy(&attributes);
  }

 private:
  static constexpr size_t kTop = size_t{1} << 15;

  static void* Map(uint64_t size, int access) {
    void* const memory =
        mmap(nullptr, size, access, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
             -1, 0);
    EXPECT_NE(memory, MAP_FAILED);
    return memory;
  }
  void* Top() const { return reinterpret_cast<void*>(begin_ + size_ - kTop); }

  const uint64_t size_;
  void* const memory_;
  uintptr_t begin_;
};

class StackCounterTest : public testing::Test {
 protected:
  StackCounterTest() {
    task = {};
    calls = 0;
    up = 1;
    down = 1;
    ebpf_port_this_cpu = {};
    ebpf_port_context = {};
  }
  ~StackCounterTest() override { EXPECT_EQ(masked, 0u); }

  static bool IsFound() {
    const bool found =
        (ebpf_port_this_cpu.facts & EBPF_THIS_CPU_COUNTER_BY_STACK) != 0;
    const bool depth =
        (ebpf_port_context.facts & EBPF_CONTEXT_PREEMPT_DEPTH) != 0;
    EXPECT_EQ(found, depth);
    return found;
  }
};

TEST_F(StackCounterTest, TellsOfACounterThatCounts) {
  ebpf_port_this_cpu.facts = EBPF_THIS_CPU_REGISTER;
  ebpf_port_context.facts = EBPF_CONTEXT_INTERRUPT_MASK;
  task.counter = 5;
  Stack(kStackSize).Find(kOffset, kStackSize);
  EXPECT_TRUE(IsFound());
  EXPECT_EQ(ebpf_port_this_cpu.facts,
            uint32_t{EBPF_THIS_CPU_REGISTER} | EBPF_THIS_CPU_COUNTER_BY_STACK);
  EXPECT_EQ(ebpf_port_context.facts,
            uint32_t{EBPF_CONTEXT_INTERRUPT_MASK} | EBPF_CONTEXT_PREEMPT_DEPTH);
  EXPECT_EQ(ebpf_port_this_cpu.counter_offset, kOffset);
  EXPECT_EQ(ebpf_port_this_cpu.stack_size, kStackSize);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(task.counter, 5u);
}

TEST_F(StackCounterTest, TheCounterMayCountBeyondItsBits) {
  task.counter = UINT32_MAX;
  Stack(kStackSize).Find(kOffset, kStackSize);
  EXPECT_TRUE(IsFound());
}

TEST_F(StackCounterTest, StacksMayBeAsLargeAsTheContractSays) {
  constexpr uint64_t kLarge = uint64_t{1} << 32;
  Stack(kLarge).Find(kOffset, kLarge);
  EXPECT_TRUE(IsFound());
  EXPECT_EQ(ebpf_port_this_cpu.stack_size, kLarge);
}

TEST_F(StackCounterTest, NoCounterIsNotAskedFor) {
  Stack stack(kStackSize);
  for (const size_t offset :
       {size_t{0}, kOffset + 1, kOffset + 2, size_t{1} << 32, SIZE_MAX - 3}) {
    stack.Find(offset, kStackSize);
    EXPECT_FALSE(IsFound()) << offset;
  }
  EXPECT_EQ(calls, 0);
}

TEST_F(StackCounterTest, StacksThatHaveNoLowestWordAreNotLookedAt) {
  Stack stack(kStackSize);
  for (const uint64_t size : {uint64_t{0}, uint64_t{4}, kStackSize + 1,
                              3 * kStackSize / 2, UINT64_MAX}) {
    stack.Find(kOffset, size);
    EXPECT_FALSE(IsFound()) << size;
  }
  stack.SetLowestWord(nullptr);  // the stack of no task
  stack.Find(kOffset, kStackSize);
  EXPECT_FALSE(IsFound());
  EXPECT_EQ(calls, 0);
}

TEST_F(StackCounterTest, WhatDoesNotCountUpAndDownByOneIsNone) {
  Stack stack(kStackSize);
  for (const auto& [by, back] : {std::pair<uint32_t, uint32_t>{0, 0},
                                 {2, 2},
                                 {1, 0},
                                 {1, 2},
                                 {UINT32_MAX, UINT32_MAX},
                                 {0, UINT32_MAX}}) {
    up = by;
    down = back;
    stack.Find(kOffset, kStackSize);
    EXPECT_FALSE(IsFound()) << by << " " << back;
  }
  up = 1;
  down = 1;
  stack.Find(offsetof(Task, next), kStackSize);
  EXPECT_FALSE(IsFound()) << "another word than that which counts";
  EXPECT_EQ(ebpf_port_this_cpu.counter_offset, 0u);
  EXPECT_EQ(ebpf_port_this_cpu.stack_size, 0u);
}

}  // namespace
}  // namespace ebpf
