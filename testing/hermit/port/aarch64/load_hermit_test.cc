// SPDX-License-Identifier: MIT
//
// Many breakpoints under load: over Hermit's system calls, over its interrupt
// handler, and over memcpy, which every part of the kernel calls, with its
// interrupts on and off, on both stacks.
#include "arch/aarch64/machine/taken_frame.h"
#include "core/base/atomic.h"
#include "core/platform/may_probe.h"
#include "core/platform/text.h"
#include "testing/guest/kernel/test.h"
#include "testing/hermit/application/application.h"
#include "testing/hermit/port/breakpoint_hook.h"
#include "testing/hermit/workload/workload.h"

extern "C" {
void do_irq();
void* memcpy(void* to, const void* from, size_t size) noexcept;
}

namespace hermit {
namespace {

using ebpf::TakenFrame;

constexpr uint32_t kBreakpoint = 0xd4200000;
constexpr uint32_t kBranch = 0x14000000;

/// A breakpoint whose instruction runs in a slot, which leads back by a branch:
/// the instruction must not depend on its place.
struct Probe {
  uintptr_t address;
  uintptr_t slot;
  uint32_t original;
  ebpf::Atomic<uint64_t> hits;
};
constinit Probe probes[5] = {};

constexpr size_t kSlotSize = 8;

bool DependsOnItsPlace(uint32_t word) {
  return (word & 0x1f000000) == 0x10000000 ||  // adr, adrp
         (word & 0x1c000000) == 0x14000000 ||  // branches, system
         (word & 0x3b000000) == 0x18000000;    // ldr of a literal
}

bool GoThroughTheSlot(TakenFrame& regs) {
  for (Probe& probe : probes) {
    if (probe.address == regs.pc) {
      probe.hits.FetchAdd(1, ebpf::kRelaxed);
      regs.pc = probe.slot;
      return true;
    }
  }
  return false;
}

struct Patch {
  const Probe* probe;
  bool armed;
};

int Apply(void* argument) {
  const auto* patch = static_cast<const Patch*>(argument);
  const Probe& probe = *patch->probe;
  if (!patch->armed) {
    return ebpf_port_text_write(probe.address, &probe.original, 4);
  }
  const auto back = static_cast<uint32_t>(probe.address - probe.slot) >> 2;
  const uint32_t slot[2] = {probe.original, kBranch | (back & 0x03ffffff)};
  const int error = ebpf_port_text_write(probe.slot, slot, sizeof(slot));
  return error != 0 ? error
                    : ebpf_port_text_write(probe.address, &kBreakpoint, 4);
}

bool Set(const Probe& probe, bool armed) {
  Patch patch = {&probe, armed};
  int result = -1;
  return ebpf_port_stop_machine(&Apply, &patch, &result) == 0 && result == 0;
}

template <typename F>
bool Prepare(Probe& probe, F* function) {
  probe.address = reinterpret_cast<uintptr_t>(function);
  probe.original = *reinterpret_cast<const uint32_t*>(probe.address);
  probe.slot = reinterpret_cast<uintptr_t>(
      ebpf_port_exec_alloc(kSlotSize, probe.address, 128 << 20));
  return probe.slot != 0 && !DependsOnItsPlace(probe.original) &&
         ebpf::MayProbe(probe.address, 4);
}

void RunWorkload() {
  StartWorkload();
  while (WorkloadRunning()) {
    sys_yield();
  }
}

GUEST_TEST(Load, CountsEachSystemCallAndDisturbsNone) {
  GUEST_ASSERT(PortIsUp());
  ScopedHook hook(&GoThroughTheSlot);
  GUEST_ASSERT(Prepare(probes[0], &sys_open));
  GUEST_ASSERT(Prepare(probes[1], &sys_read));
  GUEST_ASSERT(Prepare(probes[2], &sys_write));
  GUEST_ASSERT(Prepare(probes[3], &do_irq));
  GUEST_ASSERT(Prepare(probes[4], &memcpy));
  constexpr Call kProbed[] = {Call::kOpen, Call::kRead, Call::kWrite};
  uint64_t before[kCallCount] = {};
  for (const Call call : kProbed) {
    before[static_cast<unsigned>(call)] = WorkloadCalls(call);
  }
  for (const Probe& probe : probes) {
    GUEST_ASSERT(Set(probe, true));
  }
  for (int round = 0; round < 3; ++round) {
    RunWorkload();
  }
  for (const Probe& probe : probes) {
    GUEST_ASSERT(Set(probe, false));
  }
  for (const Call call : kProbed) {
    const auto i = static_cast<unsigned>(call);
    GUEST_EXPECT_EQ(probes[i].hits.Load(ebpf::kRelaxed),
                    WorkloadCalls(call) - before[i]);
  }
  GUEST_EXPECT(probes[3].hits.Load(ebpf::kRelaxed) > 100);
  GUEST_EXPECT(probes[4].hits.Load(ebpf::kRelaxed) > 1000);
  GUEST_EXPECT_EQ(WorkloadErrors(), 0);

  const uint64_t hits = BreakpointCount();
  RunWorkload();
  GUEST_EXPECT_EQ(BreakpointCount(), hits);
  GUEST_EXPECT_EQ(WorkloadErrors(), 0);
  for (Probe& probe : probes) {
    ebpf_port_exec_free(reinterpret_cast<void*>(probe.slot), kSlotSize);
  }
}

GUEST_TEST(Load, ArmsAndDisarmsWhileCallsGoOn) {
  GUEST_ASSERT(PortIsUp());
  ScopedHook hook(&GoThroughTheSlot);
  Probe& probe = probes[0];
  GUEST_ASSERT(Prepare(probe, &sys_read));
  StartWorkload();
  uint32_t cycles = 0;
  while (WorkloadRunning()) {
    GUEST_ASSERT(Set(probe, true));
    sys_yield();
    GUEST_ASSERT(Set(probe, false));
    sys_yield();
    ++cycles;
  }
  // Nobody is inside the slot any more: its users have ended.
  ebpf_port_exec_free(reinterpret_cast<void*>(probe.slot), kSlotSize);
  GUEST_EXPECT(cycles > 10);
  GUEST_EXPECT_EQ(WorkloadErrors(), 0);
}

}  // namespace
}  // namespace hermit
