// SPDX-License-Identifier: MIT
//
// What may happen in a hit, and with traps that are nobody's.
#include <cstring>

#include "core/platform/cpu.h"
#include "core/platform/time.h"
#include "core/probes/kprobe.h"
#include "core/probes/kprobe_test_util.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_trap.h"

namespace ebpf {
namespace {

using x86_64::PtRegs;
using x86_64::RegsOf;

using KprobeHitTest = KprobeTest;

/// Calls a probed function in its hit, so that a hit is in a hit.
struct Nester final : KprobeConsumer {
  Function* inner = nullptr;
  uint64_t calls = 0;
  uint64_t last = 0;

  void Hit(machine::PtRegs& /*regs*/) override {
    last = inner(6, 7);
    ++calls;
  }
};

TEST_F(KprobeHitTest, NestedHitsAreMissedAndCountedForEachConsumer) {
  HostText outer("add", kAdd);
  HostText inner("multiply", kMultiply);
  Nester nester;
  nester.inner = inner.As<Function>();
  Counter counter;
  Counter disabled;
  Ref<Kprobe> outer_probe = Attach("add", 0, nester);
  Ref<Kprobe> inner_probe = Attach("multiply", 0, counter);
  Ref<Kprobe> other_probe = Attach("multiply", 0, disabled);
  ASSERT_EQ(outer_probe->Enable(), Status::kOk);
  ASSERT_EQ(inner_probe->Enable(), Status::kOk);

  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(outer.As<Function>()(2, 3), 5u);
    EXPECT_EQ(nester.last, 42u);  // stepped all the same
  }
  EXPECT_EQ(inner.As<Function>()(2, 3), 6u);

  EXPECT_EQ(nester.calls, 10u);
  EXPECT_EQ(outer_probe->missed(), 0u);
  EXPECT_EQ(counter.hits, 1u);
  EXPECT_EQ(inner_probe->missed(), 10u);
  EXPECT_EQ(other_probe->missed(), 0u);
}

/// Asks the kernel for the time, as a program does.
struct Clock final : KprobeConsumer {
  uint64_t hits = 0;
  void Hit(machine::PtRegs& /*regs*/) override {
    hits += ebpf_port_time_ns() != 0 ? 1 : 0;
  }
};

TEST_F(KprobeHitTest, AProbeMayStandOnWhatRunsTheConsumers) {
  // Our own function behind the guard, and the kernel's that are called.
  HostText text("add", kAdd);
  Counter inner;
  Clock counter;
  Ref<Kprobe> own[] = {
      Attach("ebpf_port_time_ns", 0, inner),
      Attach("ebpf_probe_run", 0, inner),
  };
  for (Ref<Kprobe>& probe : own) {
    ASSERT_TRUE(probe);
    ASSERT_EQ(probe->Enable(), Status::kOk);
  }
  Ref<Kprobe> probe = Attach("add", 0, counter);
  ASSERT_EQ(probe->Enable(), Status::kOk);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(text.As<Function>()(1, 2), 3u);
  }
  EXPECT_EQ(counter.hits, 5u);
  EXPECT_EQ(own[0]->missed(), 5u);
  EXPECT_EQ(own[1]->missed(), 5u);
  for (Ref<Kprobe>& each : own) {
    each->Disable();
  }
}

/// Sends its hits somewhere else.
struct Diverter final : KprobeConsumer {
  uint64_t to = 0;
  void Hit(machine::PtRegs& regs) override { RegsOf(regs).rip = to; }
};

TEST_F(KprobeHitTest, AConsumerMayGoOnElsewhere) {
  HostText add("add", kAdd);
  HostText multiply("multiply", kMultiply);
  Diverter diverter;
  diverter.to = multiply.address();
  Ref<Kprobe> probe = Attach("add", 0, diverter);
  ASSERT_EQ(probe->Enable(), Status::kOk);
  EXPECT_EQ(add.As<Function>()(6, 7), 42u);
}

/// Notes how interrupts are in a hit.
struct IrqWatcher final : KprobeConsumer {
  bool masked = false;
  void Hit(machine::PtRegs& /*regs*/) override { masked = HostIrqsMasked(); }
};

TEST_F(KprobeHitTest, InterruptsAreAfterAHitAsBefore) {
  HostText text("multiply", kMultiply);
  IrqWatcher watcher;
  Ref<Kprobe> probe = Attach("multiply", 0, watcher);
  ASSERT_EQ(probe->Enable(), Status::kOk);
  EXPECT_EQ(text.As<Function>()(6, 7), 42u);
  EXPECT_TRUE(watcher.masked);
  EXPECT_FALSE(HostIrqsMasked());
  const uintptr_t irq = ebpf_port_irq_save();
  EXPECT_EQ(text.As<Function>()(6, 7), 42u);
  EXPECT_TRUE(HostIrqsMasked());
  ebpf_port_irq_restore(irq);
  EXPECT_FALSE(HostPreemptionOff());
}

TEST_F(KprobeHitTest, AStaleTrapRunsTheInstructionAgainButNotForever) {
  HostText text("add", kAdd);
  PtRegs regs = {};
  regs.rip = text.address() + 1;  // as if an INT3 had been there
  int claimed = 0;
  while (claimed < 100 && OnBreakpoint(x86_64::Opaque(regs))) {
    EXPECT_EQ(regs.rip, text.address());
    regs.rip = text.address() + 1;
    ++claimed;
  }
  EXPECT_EQ(claimed, 16);
  EXPECT_EQ(regs.rip, text.address() + 1);
  Counter counter;
  Ref<Kprobe> probe = Attach("add", 0, counter);
  ASSERT_EQ(probe->Enable(), Status::kOk);  // a change of text: as many again
  probe->Detach();
  EXPECT_TRUE(OnBreakpoint(x86_64::Opaque(regs)));
}

TEST_F(KprobeHitTest, SomebodyElsesBreakpointIsNotOurs) {
  constexpr uint8_t kForeign[] = {0xcc, 0xc3};
  HostText text("foreign", kForeign);
  PtRegs regs = {};
  regs.rip = text.address() + 1;
  const PtRegs before = regs;
  EXPECT_FALSE(OnBreakpoint(x86_64::Opaque(regs)));
  EXPECT_EQ(memcmp(&regs, &before, sizeof(regs)), 0);
  EXPECT_FALSE(OnFault(x86_64::Opaque(regs)));
}

bool SkipToReturn(PtRegs& regs) {
  // The faulting instruction is mov rax, [rdi]: as a kernel's exception table.
  if (regs.rip != regs.rdx) {
    return false;
  }
  regs.rax = 0xbad;
  regs.rip += 3;
  return true;
}

TEST_F(KprobeHitTest, AFaultInASlotIsOneAtTheInstructionsOwnPlace) {
  // mov rax, [rdi]; ret
  constexpr uint8_t kLoad[] = {0x48, 0x8b, 0x07, 0xc3};
  HostText text("load", kLoad);
  Counter counter;
  Ref<Kprobe> probe = Attach("load", 0, counter);
  ASSERT_EQ(probe->Enable(), Status::kOk);
  auto* load = text.As<uint64_t(uint64_t, uint64_t, uint64_t)>();
  SetHostFaultHook(SkipToReturn);
  EXPECT_EQ(load(8, 0, text.address()), 0xbadu);
  SetHostFaultHook(nullptr);
  EXPECT_FALSE(HostIrqsMasked());
  uint64_t value = 77;
  EXPECT_EQ(load(reinterpret_cast<uint64_t>(&value), 0, 0), 77u);
  EXPECT_EQ(counter.hits, 2u);
}

}  // namespace
}  // namespace ebpf
