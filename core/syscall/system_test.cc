// SPDX-License-Identifier: MIT
#include "core/syscall/system.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "core/helpers/trace_log.h"
#include "core/memory/allocator.h"
#include "core/platform/cpu.h"
#include "gtest/gtest.h"
#include "testing/caller/test_caller.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_rendezvous.h"
#include "testing/host_port/host_text.h"
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

std::string EngineName() { return RunningSystem()->engine().name(); }

TEST(SystemTest, CompilesUnlessItIsToldNotTo) {
  EXPECT_EQ(SelectEngine(true, false), Status::kNotImplemented);
  ASSERT_EQ(InitSystem(HostMachineOps()), Status::kOk);
  EXPECT_EQ(EngineName(), "jit");
  EXPECT_EQ(SelectEngine(false, false), Status::kOk);
  EXPECT_EQ(EngineName(), "interpreter");
  EXPECT_EQ(SelectEngine(true, true), Status::kOk);
  EXPECT_EQ(EngineName(), "jit");
  ExitSystem();
  ASSERT_EQ(InitSystem(HostMachineOps(), {.interpret = true}), Status::kOk);
  EXPECT_EQ(EngineName(), "interpreter");
  EXPECT_EQ(SelectEngine(true, false), Status::kOk);
  EXPECT_EQ(EngineName(), "jit");
  ExitSystem();
}

TEST(SystemTest, InterpretsWithoutExecutableMemory) {
  SetHostTextSupport(false);
  ASSERT_EQ(InitSystem(HostMachineOps()), Status::kOk);
  EXPECT_EQ(EngineName(), "interpreter");
  EXPECT_EQ(SelectEngine(true, false), Status::kNotSupported);
  EXPECT_EQ(EngineName(), "interpreter");
  ExitSystem();
  SetHostTextSupport(true);
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

TEST(SystemTest, ABreakpointThatCannotBeTakenAwayOutlivesTheSystem) {
  // nop; mov eax, 7; ret
  constexpr uint8_t kSeven[] = {0x90, 0xb8, 7, 0, 0, 0, 0xc3};
  HostText text("seven", kSeven);
  HostTraps traps;
  const uint64_t blocks = HostAllocatedBlocks();
  ASSERT_EQ(InitSystem(HostMachineOps()), Status::kOk);
  auto caller = std::make_unique<TestCaller>(Origin::kKernel);
  linux_abi::PerfEventAttr attr = caller->Kprobe("seven");
  attr.flags = 0;
  ASSERT_GE(caller->OpenEvent(attr), 0);

  std::atomic<int> stage{0};
  std::thread deaf([&stage] {
    HostCpu cpu(1);
    const uintptr_t irq = ebpf_port_irq_save();
    stage = 1;
    while (stage != 2) {
      std::this_thread::yield();
    }
    ebpf_port_irq_restore(irq);
  });
  while (stage != 1) {
    std::this_thread::yield();
  }
  SetHostRendezvousTimeout(20);
  caller.reset();
  ExitSystem();
  EXPECT_NE(text.bytes()[0], kSeven[0]) << "the rendezvous was to fail";
  EXPECT_EQ(text.As<int()>()(), 7);

  SetHostRendezvousTimeout(10000);
  stage = 2;
  deaf.join();
  EXPECT_EQ(text.As<int()>()(), 7);
  ASSERT_EQ(InitSystem(HostMachineOps()), Status::kOk);
  ExitSystem();
  EXPECT_EQ(text.bytes()[0], kSeven[0]);
  EXPECT_EQ(HostAllocatedBlocks(), blocks);
}

// Where the compiler has no memory, programs are interpreted.
TEST(SystemTest, EachAllocationMayFail) {
  const uint64_t blocks = HostAllocatedBlocks();
  uint64_t n = 0;
  bool failed;
  bool interpreted = false;
  do {
    FailNthAllocation(++n);
    const Status status = InitSystem(HostMachineOps());
    failed = AllocationFailed();
    FailNthAllocation(0);
    if (IsOk(status)) {
      interpreted |= failed;
      ExitSystem();
    } else {
      EXPECT_TRUE(failed) << n;
      EXPECT_EQ(status, Status::kNoMemory) << n;
    }
    EXPECT_EQ(RunningSystem(), nullptr);
    EXPECT_EQ(HostAllocatedBlocks(), blocks) << n;
  } while (failed);
  EXPECT_TRUE(interpreted);
  printf(
      "start the subsystem: every allocation failed in turn, up to n = %llu\n",
      static_cast<unsigned long long>(n - 1));
}

}  // namespace
}  // namespace ebpf
