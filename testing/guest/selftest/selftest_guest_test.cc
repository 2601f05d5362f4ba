// SPDX-License-Identifier: MIT
//
// ebpf_port_selftest, called as a kernel would at boot: with core, whose probe
// has the trap of its cases.
#include "core/selftest/selftest.h"
#include "testing/guest/demo/start.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/ledger/ledger.h"
#include "testing/guest/port_contract/guest_services.h"

namespace guest {
namespace {

constexpr ebpf_selftest_kernel kKernel = {
    .start_task = StartTask,
    .join_tasks = JoinTasks,
    .yield = [] { YieldOrWait(); },
    .unmapped_page = UnmappedPage,
    .try_write =
        [](uintptr_t address) { return machine::TryStore8(address, 0); },
    .allocated_bytes = [] { return uint64_t{Balance().bytes}; },
    .interrupts_masked = nullptr,
    .before_call = [](uintptr_t address,
                      size_t size) { ledger::CheckRun(address, size); },
    .patches = 200,  // the contract's own test has more
    .tiers = 0,
    .timers_wait_for_yield = false,
    .writes_what_runs = false,  // below
    // No processes: each client has numbers of its own.
    .close_fd = nullptr,
    .duplicate_fd = nullptr,
    .open_own = nullptr,
};

/// ports/PORTING.md says what it is.
constexpr size_t kMostHeap = 320 << 10;

GUEST_TEST(Selftest, EveryTierIsRight) {
  // Some ports start their services, the clock say, in there.
  const size_t before = Balance().bytes;
  GUEST_ASSERT(StartEbpf() == 0);
  const size_t bytes = Balance().bytes - before;
  Line() << "  heap after the start: " << uint64_t{bytes} << " bytes";
  GUEST_EXPECT(bytes <= kMostHeap);
  ebpf_selftest_kernel kernel = kKernel;
  kernel.writes_what_runs = MayWriteWhatRuns();
  // Twice: nothing is left of the first.
  GUEST_EXPECT_EQ(ebpf_port_selftest(&kernel), 0);
  GUEST_EXPECT_EQ(ebpf_port_selftest(&kernel), 0);
  // T0 of a kernel that gives nothing.
  ebpf_selftest_kernel nothing = {};
  nothing.tiers = 1;
  GUEST_EXPECT_EQ(ebpf_port_selftest(&nothing), 0);
}

}  // namespace
}  // namespace guest
