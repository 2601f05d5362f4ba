// SPDX-License-Identifier: MIT
//
// ebpf_port_selftest on the host port, with core behind it: right, without what
// a kernel may leave out, and broken.
#include "core/selftest/selftest.h"

#include <string>
#include <thread>
#include <vector>

#include "core/capi/ebpf.h"
#include "core/platform/features.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_clock.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_defer.h"
#include "testing/host_port/host_log.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_rendezvous.h"
#include "testing/host_port/host_task.h"
#include "testing/host_port/host_timer.h"
#include "testing/host_port/host_trap.h"

namespace ebpf {
namespace {

// CPU 0 and 1 are for the tasks that the test starts.
constexpr uint32_t kDeferCpu = 2;
constexpr uint32_t kOwnCpu = 3;

std::vector<std::thread> g_tasks;
uint32_t g_next_id = 100;

bool StartTask(uint32_t cpu, void (*body)(void* argument), void* argument) {
  if (cpu >= kDeferCpu) {
    return false;
  }
  const uint32_t id = g_next_id++;
  g_tasks.emplace_back([=] {
    HostCpu self(cpu);
    SetHostTask(id, id, "selftest");
    body(argument);
  });
  return true;
}

void JoinTasks() {
  for (std::thread& task : g_tasks) {
    task.join();
  }
  g_tasks.clear();
}

void Yield() {
  RunHostTimers();
  std::this_thread::yield();
}

constexpr ebpf_selftest_kernel kKernel = {
    .start_task = StartTask,
    .join_tasks = JoinTasks,
    .yield = Yield,
    .unmapped_page = nullptr,
    .allocated_bytes = HostAllocatedBytes,
    .interrupts_masked = HostIrqsMasked,
    .before_call = nullptr,
    .patches = 20,
    .tiers = 0,
    .timers_wait_for_yield = true,
    .writes_what_runs = false,
};

class SelftestTest : public testing::Test {
 public:
  SelftestTest() : cpu_(kOwnCpu), worker_(kDeferCpu) {
    SetHostTextSupport(true);
    SetHostFeatures(EBPF_PORT_TIMERS);
    SetHostRendezvousTimeout(1000);
    ClearHostLog();
  }
  ~SelftestTest() override { SetHostTextSupport(false); }

  void StartCore() {
    ASSERT_EQ(
        ebpf_init(reinterpret_cast<const ebpf_machine*>(&HostMachineOps()),
                  nullptr),
        0);
    KeepASlotPage();
  }

 private:
  HostCpu cpu_;
  HostDeferWorker worker_;
  HostTraps traps_;
};

TEST_F(SelftestTest, TheHostPortPassesTwiceAndTheLogHasTheScore) {
  StartCore();

  EXPECT_EQ(ebpf_port_selftest(&kKernel), 0u) << HostLog();
  ClearHostLog();
  EXPECT_EQ(ebpf_port_selftest(&kKernel), 0u) << HostLog();

  const std::string log = HostLog();
  EXPECT_EQ(log.find("FAIL"), std::string::npos) << log;
  EXPECT_NE(log.find("ebpf: selftest: contract 1, T0 "), std::string::npos);
  EXPECT_EQ(log.find("no breakpoint trap"), std::string::npos) << log;
  ebpf_exit();
}

TEST_F(SelftestTest, BeforeTheStartNothingRunsInATrap) {
  ebpf_selftest_kernel kernel = kKernel;
  kernel.tiers = 1;

  EXPECT_EQ(ebpf_port_selftest(&kernel), 0u) << HostLog();
  EXPECT_EQ(HostLog().find(", T1 "), std::string::npos);

  EXPECT_NE(
      HostLog().find("ebpf: selftest: skip Log.TakesLinesInATrap: no breakpoint"
                     " trap\n"),
      std::string::npos);
}

TEST_F(SelftestTest, AKernelMayGiveNothing) {
  ebpf_selftest_kernel nothing = {};
  nothing.tiers = 3;  // the host's timers wait for a yield
  // A process cannot ask its CPU.
  nothing.interrupts_masked = HostIrqsMasked;

  EXPECT_EQ(ebpf_port_selftest(&nothing) & 3, 0u) << HostLog();
}

TEST_F(SelftestTest, AClockThatStandsStillIsToldAndNothingWaitsForIt) {
  SetHostTime(1);

  EXPECT_EQ(ebpf_port_selftest(&kKernel), 1u);

  ResumeHostTime();
  EXPECT_NE(HostLog().find("FAIL ebpf_port_time_ns stands still"),
            std::string::npos);
}

TEST_F(SelftestTest, WhatFailsIsToldWithItsPlaceAndTier) {
  ebpf_selftest_kernel kernel = kKernel;
  kernel.tiers = 1;
  kernel.allocated_bytes = [] {
    static uint64_t bytes = 0;
    return ++bytes;  // a port that gives nothing back
  };

  EXPECT_EQ(ebpf_port_selftest(&kernel), 1u);

  const std::string log = HostLog();
  EXPECT_NE(log.find("ebpf: selftest: FAIL Memory.TakesAllBack "
                     "core/selftest/memory_port_test.cc:"),
            std::string::npos)
      << log;
  EXPECT_NE(log.find(": environment.AllocatedBytes() == before\n"),
            std::string::npos);
}

TEST_F(SelftestTest, ALoopThatFailsDoesNotFillTheLog) {
  ebpf_selftest_kernel kernel = kKernel;
  kernel.tiers = 1;
  kernel.interrupts_masked = [] { return false; };

  EXPECT_EQ(ebpf_port_selftest(&kernel), 1u);

  const std::string log = HostLog();
  size_t count = 0;
  for (size_t at = 0;
       (at = log.find("FAIL Cpu.InterruptsNest", at)) != std::string::npos;
       ++at) {
    ++count;
  }
  EXPECT_GE(count, 1u);
  EXPECT_LE(count, 4u);
}

}  // namespace
}  // namespace ebpf

// Asked for too much, AddressSanitizer is to say no as a kernel would.
extern "C" const char* __asan_default_options() {
  return "allocator_may_return_null=1";
}
