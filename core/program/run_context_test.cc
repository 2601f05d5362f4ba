// SPDX-License-Identifier: MIT
#include "core/program/run_context.h"

#include <thread>
#include <vector>

#include "core/memory/allocator.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

class RunContextTest : public testing::Test {
 protected:
  RunContextTest() { EXPECT_EQ(InitRunContexts(PortAllocator()), Status::kOk); }
  ~RunContextTest() override {
    ExitRunContexts();
    EXPECT_EQ(PortAllocatedBytes(), 0u);
  }
};

TEST_F(RunContextTest, PreemptionIsOffDuringARun) {
  EXPECT_FALSE(HostPreemptionOff());
  RunContext* run = BeginRun();
  ASSERT_NE(run, nullptr);
  EXPECT_TRUE(HostPreemptionOff());
  EndRun(run);
  EXPECT_FALSE(HostPreemptionOff());
}

TEST_F(RunContextTest, CurrentRunIsTheInnermost) {
  EXPECT_EQ(CurrentRun(), nullptr);
  RunContext* outer = BeginRun();
  EXPECT_EQ(CurrentRun(), outer);
  EXPECT_EQ(outer->level, 0u);
  RunContext* inner = BeginRun();
  EXPECT_EQ(CurrentRun(), inner);
  EXPECT_EQ(inner->level, 1u);
  EXPECT_NE(inner, outer);
  EndRun(inner);
  EXPECT_EQ(CurrentRun(), outer);
  EndRun(outer);
  EXPECT_EQ(CurrentRun(), nullptr);
}

TEST_F(RunContextTest, LevelsRunOutAndComeBack) {
  std::vector<RunContext*> runs;
  for (uint32_t level = 0; level < kMaxRunLevels; ++level) {
    runs.push_back(BeginRun());
    ASSERT_NE(runs.back(), nullptr);
  }
  EXPECT_EQ(BeginRun(), nullptr);
  EXPECT_TRUE(HostPreemptionOff());
  EndRun(runs.back());
  runs.back() = BeginRun();
  EXPECT_NE(runs.back(), nullptr);
  while (!runs.empty()) {
    EndRun(runs.back());
    runs.pop_back();
  }
  EXPECT_FALSE(HostPreemptionOff());
}

TEST_F(RunContextTest, ARefusedRunLeavesPreemptionOn) {
  std::vector<RunContext*> runs;
  for (uint32_t level = 0; level < kMaxRunLevels; ++level) {
    runs.push_back(BeginRun());
  }
  std::thread other([] {
    const HostCpu cpu(1);
    // Another CPU has its own.
    RunContext* run = BeginRun();
    EXPECT_NE(run, nullptr);
    EXPECT_EQ(run->level, 0u);
    EndRun(run);
    EXPECT_FALSE(HostPreemptionOff());
  });
  other.join();
  for (; !runs.empty(); runs.pop_back()) {
    EndRun(runs.back());
  }
}

TEST_F(RunContextTest, StacksAreAlignedForEveryAccess) {
  RunContext* run = BeginRun();
  EXPECT_EQ(reinterpret_cast<uintptr_t>(run->stack) % 8, 0u);
  EndRun(run);
}

TEST(RunContextInitTest, SaysWhenThereIsNoMemory) {
  FailNthAllocation(1);
  EXPECT_EQ(InitRunContexts(PortAllocator()), Status::kNoMemory);
  ExitRunContexts();
  EXPECT_EQ(PortAllocatedBytes(), 0u);
}

}  // namespace
}  // namespace ebpf
