// SPDX-License-Identifier: MIT
//
// What a record costs perf, in instructions, counted by x86-64's trap flag:
// nothing for events that it is not for.
#include <cstdio>
#include <signal.h>
#include <vector>

#include "core/platform/cpu.h"
#include "testing/caller/traced_notes.h"
#include "testing/host_port/host_task.h"

namespace ebpf {

EBPF_TRACEPOINT(Note);

namespace {

volatile uint64_t steps;

void OnStep(int /*signal*/) { steps = steps + 1; }

[[gnu::noinline]] void PassStepped() {
  asm volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq" ::: "cc", "memory");
  EBPF_TRACE(Note, uint64_t{1}, "abc");
  asm volatile("pushfq\n\tandq $-0x101, (%%rsp)\n\tpopfq" ::: "cc", "memory");
}

uint64_t StepsOfOne() {
  struct sigaction action{};
  struct sigaction before{};
  action.sa_handler = OnStep;
  sigaction(SIGTRAP, &action, &before);
  steps = 0;
  PassStepped();
  sigaction(SIGTRAP, &before, nullptr);
  return steps;
}

class PerfRecordCostTest : public TracedNotesTest {
 protected:
  /// Of the record that any event counts.
  uint64_t CostWith(const std::vector<int64_t>& others) {
    const uint64_t first = StepsOfOne();
    const uint64_t second = StepsOfOne();
    EXPECT_EQ(first, second) << "with " << others.size() << " others";
    return second;
  }
  std::vector<int64_t> Open(int count, int32_t first_pid, int32_t cpu) {
    std::vector<int64_t> events;
    for (int i = 0; i < count; ++i) {
      events.push_back(
          caller_.OpenEvent(Attr(), first_pid < 0 ? -1 : first_pid + i, cpu));
      EXPECT_GE(events.back(), 0);
    }
    return events;
  }
};

INSTANTIATE_TEST_SUITE_P(, PerfRecordCostTest, testing::Values(Origin::kKernel),
                         OriginName);

TEST_P(PerfRecordCostTest, EventsOfOtherCpusCostNothing) {
  const int64_t mine = caller_.OpenEvent(Attr(linux_abi::kPerfSampleRaw, 1));
  ASSERT_EQ(Map(mine, 9), 0);
  Pass(1);
  const uint64_t alone = CostWith({});
  const std::vector<int64_t> others = Open(100, -1, 1);
  const uint64_t with_others = CostWith(others);
  printf("a record that is sampled: %llu instructions, %llu with 100 others\n",
         static_cast<unsigned long long>(alone),
         static_cast<unsigned long long>(with_others));
  EXPECT_EQ(with_others, alone);
  EXPECT_EQ(Count(others[0]), 0u);
}

TEST_P(PerfRecordCostTest, WhatIsForOtherCpusOnlyIsNotMade) {
  Open(1, -1, 1);
  const uint64_t one = CostWith({});
  Open(100, -1, 1);
  Open(100, -1, 2);
  EXPECT_EQ(CostWith({}), one);
}

TEST_P(PerfRecordCostTest, EventsOfOtherTasksCostFewInstructions) {
  SetHostTask(1000, 1000, "mine");
  const int64_t mine = caller_.OpenEvent(Attr(linux_abi::kPerfSampleRaw, 1));
  ASSERT_EQ(Map(mine, 9), 0);
  Pass(1);
  const uint64_t alone = CostWith({});
  for (const int32_t cpu : {-1, 0}) {
    const std::vector<int64_t> others = Open(128, 2001, cpu);
    EXPECT_LE(CostWith(others), alone + 60);
    EXPECT_EQ(Count(others[0]), 0u);
    for (const int64_t other : others) {
      EXPECT_EQ(caller_.CloseFd(other), 0);
    }
  }
  SetHostTask(1, 1, "host");
}

/// As before, a task's is told wherever that runs, or on its CPU only.
TEST_P(PerfRecordCostTest, TasksAreToldApart) {
  SetHostTask(1000, 1000, "mine");
  const int64_t mine = caller_.OpenEvent(Attr(), 1000, -1);
  const int64_t mine_here = caller_.OpenEvent(Attr(), 1000, 0);
  const int64_t mine_there = caller_.OpenEvent(Attr(), 1000, 1);
  // In the same place of a table of any size.
  const int64_t other = caller_.OpenEvent(Attr(), 1000 + 4096, -1);
  Pass(1);
  EXPECT_EQ(Count(mine), 1u);
  EXPECT_EQ(Count(mine_here), 1u);
  EXPECT_EQ(Count(mine_there), 0u);
  EXPECT_EQ(Count(other), 0u);
  SetHostTask(1000 + 4096, 1000, "other");
  Pass(1);
  EXPECT_EQ(Count(mine), 1u);
  EXPECT_EQ(Count(other), 1u);
  SetHostTask(1, 1, "host");
}

}  // namespace
}  // namespace ebpf
