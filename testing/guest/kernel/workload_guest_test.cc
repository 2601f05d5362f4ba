// SPDX-License-Identifier: MIT
//
// The workload does the same in each run, on every CPU, and counts it.
#include "core/base/memory.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/kernel/workload.h"

namespace guest {
namespace {

constexpr WorkloadFunction kFunctions[] = {
    WorkloadFunction::kOpen, WorkloadFunction::kRead, WorkloadFunction::kWrite,
    WorkloadFunction::kClose};
constexpr int kCount = 4;

GUEST_TEST(Workload, FunctionsWorkAndCountTheirCalls) {
  uint64_t before[kCount];
  for (int i = 0; i < kCount; ++i) {
    before[i] = WorkloadCalls(kFunctions[i], machine::CpuId());
  }
  uint8_t buffer[16] = {};
  const int fd = static_cast<int>(vfs_open("/etc/hostname", 0));
  GUEST_EXPECT(fd >= 0);
  GUEST_EXPECT_EQ(vfs_read(fd, buffer, sizeof buffer), sizeof buffer);
  GUEST_EXPECT(!ebpf::AllZero(ebpf::ConstBytes(buffer)));
  GUEST_EXPECT_EQ(vfs_write(fd, buffer, 7), 7);
  GUEST_EXPECT_EQ(vfs_open("relative", 0), -22);
  GUEST_EXPECT_EQ(vfs_read(-1, buffer, 1), -9);
  GUEST_EXPECT_EQ(vfs_write(77, buffer, 1), -9);
  GUEST_EXPECT_EQ(vfs_close(fd), 0);
  GUEST_EXPECT_EQ(vfs_close(2), -9);
  for (int i = 0; i < kCount; ++i) {
    GUEST_EXPECT_EQ(WorkloadCalls(kFunctions[i], machine::CpuId()),
                    before[i] + 2);
  }
}

void WaitForWorkload() {
  while (WorkloadRunning()) {
    YieldOrWait();
  }
}

GUEST_TEST(Workload, CallsEachFunctionAsOftenOnEachCpu) {
  const MemoryBalance memory = Balance();
  uint64_t before[kMaxCpus][kCount] = {};
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    for (int i = 0; i < kCount; ++i) {
      before[cpu][i] = WorkloadCalls(kFunctions[i], cpu);
    }
  }
  GUEST_ASSERT(StartWorkload(200));
  WaitForWorkload();
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    for (int i = 0; i < kCount; ++i) {
      GUEST_EXPECT_EQ(WorkloadCalls(kFunctions[i], cpu) - before[cpu][i],
                      200 * kWorkloadThreadsPerCpu);
    }
  }
  GUEST_EXPECT_EQ(WorkloadErrors(), 0);
  GUEST_EXPECT(Balance() == memory);
}

GUEST_TEST(Workload, EndsWhenItIsStopped) {
  const uint64_t before = WorkloadCalls(WorkloadFunction::kOpen, 0);
  GUEST_ASSERT(StartWorkload(UINT32_MAX));
  SleepTicks(5);
  StopWorkload();
  WaitForWorkload();
  GUEST_EXPECT(WorkloadCalls(WorkloadFunction::kOpen, 0) > before);
  GUEST_EXPECT_EQ(WorkloadErrors(), 0);
}

}  // namespace
}  // namespace guest
