// SPDX-License-Identifier: MIT
#include "core/memory/per_cpu.h"

#include "gtest/gtest.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

struct Counter {
  uint64_t value;
};

TEST(PerCpuTest, EachCpuHasItsOwnOnItsOwnCacheLines) {
  FailingAllocator allocator;
  PerCpu<Counter> counters;
  EXPECT_FALSE(counters.allocated());
  ASSERT_EQ(counters.Allocate(allocator), Status::kOk);
  EXPECT_TRUE(counters.allocated());
  for (uint32_t cpu = 0; cpu < ebpf_port_cpu_count(); ++cpu) {
    EXPECT_EQ(counters.Of(cpu).value, 0u);
    counters.Of(cpu).value = cpu + 1;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(&counters.Of(cpu)) % kCacheLine, 0u);
  }
  for (uint32_t cpu = 0; cpu < ebpf_port_cpu_count(); ++cpu) {
    EXPECT_EQ(counters.Of(cpu).value, cpu + 1);
  }
}

TEST(PerCpuTest, MineIsThatOfTheRunningCpu) {
  FailingAllocator allocator;
  PerCpu<Counter> counters;
  ASSERT_EQ(counters.Allocate(allocator), Status::kOk);
  EXPECT_EQ(&counters.Mine(), &counters.Of(0));
  const HostCpu elsewhere(3);
  EXPECT_EQ(&counters.Mine(), &counters.Of(3));
}

TEST(PerCpuTest, IsFreedAtItsEndOrBefore) {
  FailingAllocator allocator;
  {
    PerCpu<Counter> counters;
    ASSERT_EQ(counters.Allocate(allocator), Status::kOk);
    EXPECT_EQ(allocator.outstanding_bytes(),
              kCacheLine * ebpf_port_cpu_count());
    counters.Free();
    EXPECT_EQ(allocator.outstanding_bytes(), 0u);
    EXPECT_FALSE(counters.allocated());
    ASSERT_EQ(counters.Allocate(allocator), Status::kOk);
  }
  EXPECT_EQ(allocator.outstanding_bytes(), 0u);
}

TEST(PerCpuTest, SaysWhenThereIsNoMemory) {
  FailingAllocator allocator(1);
  PerCpu<Counter> counters;
  EXPECT_EQ(counters.Allocate(allocator), Status::kNoMemory);
  EXPECT_FALSE(counters.allocated());
}

}  // namespace
}  // namespace ebpf
