// SPDX-License-Identifier: MIT
#include "core/syscall/system.h"

#include "core/helpers/trace_log.h"
#include "core/memory/allocator.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_trap.h"

namespace ebpf {
namespace {

TEST(SystemTest, RunsBetweenInitAndExit) {
  EXPECT_EQ(RunningSystem(), nullptr);

  ASSERT_EQ(InitSystem(HostMachineOps()), Status::kOk);
  ASSERT_NE(RunningSystem(), nullptr);
  EXPECT_EQ(RunningSystem()->machine, &HostMachineOps());
  EXPECT_NE(GlobalTraceLog(), nullptr);

  ExitSystem();
  EXPECT_EQ(RunningSystem(), nullptr);
  EXPECT_EQ(GlobalTraceLog(), nullptr);
}

TEST(SystemTest, RunsOnce) {
  ASSERT_EQ(InitSystem(HostMachineOps()), Status::kOk);
  EXPECT_EQ(InitSystem(HostMachineOps()), Status::kExists);
  EXPECT_NE(RunningSystem(), nullptr);
  ExitSystem();
}

TEST(SystemTest, MayRunAgainAndGivesAllItsMemoryBack) {
  const uint64_t blocks = HostAllocatedBlocks();
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(InitSystem(HostMachineOps()), Status::kOk);
    ExitSystem();
    EXPECT_EQ(HostAllocatedBlocks(), blocks);
    EXPECT_EQ(PortAllocatedBytes(), 0u);
  }
}

TEST(SystemTest, EachAllocationMayFail) {
  const uint64_t blocks = HostAllocatedBlocks();
  uint64_t n = 0;
  Status status;
  do {
    FailNthAllocation(++n);
    status = InitSystem(HostMachineOps());
    const bool failed = AllocationFailed();
    FailNthAllocation(0);
    EXPECT_EQ(status, failed ? Status::kNoMemory : Status::kOk) << n;
    if (failed) {
      EXPECT_EQ(RunningSystem(), nullptr);
      EXPECT_EQ(HostAllocatedBlocks(), blocks) << n;
    }
  } while (!IsOk(status));
  ExitSystem();
  EXPECT_EQ(HostAllocatedBlocks(), blocks);
  printf(
      "start the subsystem: every allocation failed in turn, up to n = %llu\n",
      static_cast<unsigned long long>(n - 1));
}

}  // namespace
}  // namespace ebpf
