// SPDX-License-Identifier: MIT
//
// The workload does the same in each run, on every CPU.
#include "testing/guest/kernel/workload.h"

#include "core/base/memory.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"

namespace guest {
namespace {

GUEST_TEST(Workload, FilesCanBeOpenedReadWrittenAndClosed) {
  uint8_t buffer[16] = {};
  const int fd = vfs_open("/etc/hostname", 0);
  GUEST_EXPECT(fd >= 0);
  GUEST_EXPECT_EQ(vfs_read(fd, buffer, sizeof buffer), 9);
  GUEST_EXPECT_EQ(vfs_write(fd, buffer, 7), 7);
  GUEST_EXPECT_EQ(vfs_close(fd), 0);
}

GUEST_TEST(Workload, ErrorsAreLinuxs) {
  uint8_t buffer[16] = {};
  GUEST_EXPECT_EQ(vfs_open("/no/such/file", 0), -2);
  GUEST_EXPECT_EQ(vfs_open("/etc/passwd", 4), -22);
  GUEST_EXPECT_EQ(vfs_read(-1, buffer, 1), -9);
  GUEST_EXPECT_EQ(vfs_write(kMaxFd, buffer, 1), -9);
  GUEST_EXPECT_EQ(vfs_close(77), -9);
}

bool Run(const WorkloadPlan& plan, WorkloadTruth (&truths)[kMaxCpus]) {
  ResetWorkloadTruth();
  if (!StartWorkload(plan)) {
    return false;
  }
  JoinWorkload();
  for (uint32_t cpu = 0; cpu < kMaxCpus; ++cpu) {
    truths[cpu] = WorkloadTruthOf(cpu);
  }
  return true;
}

GUEST_TEST(Workload, IsTheSameInEachRun) {
  static constinit WorkloadTruth first[kMaxCpus] = {};
  static constinit WorkloadTruth second[kMaxCpus] = {};
  const MemoryBalance before = Balance();
  GUEST_ASSERT(Run({.threads_per_cpu = 2, .rounds = 200}, first));
  GUEST_ASSERT(Run({.threads_per_cpu = 2, .rounds = 200}, second));
  GUEST_EXPECT(memcmp(first, second, sizeof first) == 0);
  GUEST_EXPECT(Balance() == before);
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    GUEST_EXPECT(first[cpu].opens > 400);
    GUEST_EXPECT(first[cpu].failed_opens > 0);
    GUEST_EXPECT(first[cpu].reads > 100);
    GUEST_EXPECT(first[cpu].writes > 100);
    GUEST_EXPECT_EQ(first[cpu].closes, 400);
    uint64_t reads = 0;
    for (uint64_t of_fd : first[cpu].reads_of_fd) {
      reads += of_fd;
    }
    GUEST_EXPECT_EQ(reads, first[cpu].reads);
  }
}

GUEST_TEST(Workload, RunsUntilItIsStopped) {
  ResetWorkloadTruth();
  GUEST_ASSERT(StartWorkload({.threads_per_cpu = 1, .rounds = 0}));
  SleepTicks(10);
  StopWorkload();
  JoinWorkload();
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    GUEST_EXPECT(WorkloadTruthOf(cpu).opens > 0);
  }
}

}  // namespace
}  // namespace guest
