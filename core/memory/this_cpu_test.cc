// SPDX-License-Identifier: MIT
//
// In a process no register tells CPUs apart; what is kept of one is tested with
// made-up values, and the counter on stacks as kernels have them. The contract
// of ports (core/selftest/this_cpu_port_test.cc) has the rest.
#include "core/memory/this_cpu.h"

#include <pthread.h>
#include <sys/mman.h>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

class ThisCpuTest : public testing::Test {
 protected:
  ~ThisCpuTest() override { ebpf_port_this_cpu = {}; }
};

TEST_F(ThisCpuTest, ThePortIsAskedWhereItSaysNothing) {
  EXPECT_EQ(ThisCpu(), 0u);
  const HostCpu other(2);
  EXPECT_EQ(ThisCpu(), 2u);
}

TEST_F(ThisCpuTest, PreemptionIsOffByThePortWhereItSaysNothing) {
  {
    const StayOnCpu stay;
    EXPECT_TRUE(HostPreemptionOff());
    {
      const StayOnCpu inside;
      EXPECT_TRUE(HostPreemptionOff());
    }
    EXPECT_TRUE(HostPreemptionOff());
  }
  EXPECT_FALSE(HostPreemptionOff());
}

TEST_F(ThisCpuTest, NothingIsCalledWhereNothingPreempts) {
  ebpf_port_this_cpu.facts = EBPF_THIS_CPU_NO_PREEMPTION;
  const StayOnCpu stay;
  EXPECT_FALSE(HostPreemptionOff());
}

TEST(KnownCpusTest, ANumberIsAskedForOnce) {
  static KnownCpus known;
  constexpr uint64_t kRegister = 0x50;
  {
    const HostCpu cpu(3);
    EXPECT_EQ(known.NumberOf(kRegister), 3u);
  }
  // Nobody is asked any more.
  EXPECT_EQ(ebpf_port_cpu_id(), 0u);
  EXPECT_EQ(known.NumberOf(kRegister), 3u);
}

TEST(KnownCpusTest, ARegisterOfZerosIsAsGoodAsOthers) {
  static KnownCpus known;
  {
    const HostCpu cpu(1);
    EXPECT_EQ(known.NumberOf(0), 1u);
  }
  EXPECT_EQ(known.NumberOf(0), 1u);
}

TEST(KnownCpusTest, CpusThatMeetAreAskedForEachTime) {
  static KnownCpus known;
  constexpr uint32_t kCpus = 4;
  // Many more than there is room for, one CPU after the other.
  constexpr uint64_t kRegisters = 4096;
  for (uint64_t value = 0; value < kRegisters; ++value) {
    const HostCpu cpu(value % kCpus);
    ASSERT_EQ(known.NumberOf(value * 64), value % kCpus);
  }
  for (uint64_t value = 0; value < kRegisters; ++value) {
    const HostCpu cpu(value % kCpus);
    ASSERT_EQ(known.NumberOf(value * 64), value % kCpus);
  }
}

TEST(KnownCpusTest, CpusLearnAtOnce) {
  static KnownCpus known;
  constexpr uint32_t kCpus = 4;
  std::vector<std::thread> threads;
  for (uint32_t cpu = 1; cpu < kCpus; ++cpu) {  // 0 is this thread
    threads.emplace_back([cpu] {
      const HostCpu mine(cpu);
      for (uint64_t turn = 0; turn < 1000; ++turn) {
        ASSERT_EQ(known.NumberOf(turn * kCpus + cpu), cpu);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

// A stack as a kernel has it: aligned to its size, its lowest word pointing to
// what the kernel knows of the task.
struct Task {
  uint64_t other[3];
  uint32_t counter;
};
constexpr size_t kStackSize = 1 << 16;

struct SeenCounts {
  Task task = {};
  uint32_t before = 0;
  uint32_t inside[2] = {};
  uint32_t after = 0;
};

void* CountOnStack(void* argument) {
  auto& seen = *static_cast<SeenCounts*>(argument);
  const HostCpu cpu(1);
  const auto count = [&seen] {
    return *const_cast<volatile uint32_t*>(&seen.task.counter);
  };
  seen.before = count();
  {
    const StayOnCpu stay;
    seen.inside[0] = count();
    const StayOnCpu inside;
    seen.inside[1] = count();
    EXPECT_FALSE(HostPreemptionOff());
  }
  seen.after = count();
  return nullptr;
}

TEST_F(ThisCpuTest, TheCounterOfTheStacksTaskIsCountedUpAndDown) {
  SeenCounts seen;
  seen.task.counter = 5;
  // Aligned, by taking twice as much.
  void* const memory = mmap(nullptr, 2 * kStackSize, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  auto* const stack = reinterpret_cast<void*>(
      (reinterpret_cast<uintptr_t>(memory) + kStackSize - 1) &
      ~(kStackSize - 1));
  *static_cast<Task**>(stack) = &seen.task;
  pthread_attr_t attributes;
  ASSERT_EQ(pthread_attr_init(&attributes), 0);
  ASSERT_EQ(pthread_attr_setstack(&attributes, stack, kStackSize), 0);
  ebpf_port_this_cpu = {.facts = EBPF_THIS_CPU_COUNTER_BY_STACK,
                        .counter_offset = offsetof(Task, counter),
                        .stack_size = kStackSize};

  pthread_t thread;
  ASSERT_EQ(pthread_create(&thread, &attributes, CountOnStack, &seen), 0);
  pthread_join(thread, nullptr);

  EXPECT_EQ(seen.before, 5u);
  EXPECT_EQ(seen.inside[0], 6u);
  EXPECT_EQ(seen.inside[1], 7u);
  EXPECT_EQ(seen.after, 5u);
  pthread_attr_destroy(&attributes);
  munmap(memory, 2 * kStackSize);
}

}  // namespace
}  // namespace ebpf
