// SPDX-License-Identifier: MIT
//
// What a port with several CPUs may do wrong, and which of its tests must find
// it.
#include "testing/hermit/port/smp/breaks.h"

#include "core/base/atomic.h"
#include "core/platform/cpu.h"
#include "testing/guest/breaks/breaks.h"
#include "testing/hermit/application/application.h"
#include "testing/hermit/port/smp/two_cpus.h"

namespace hermit {
namespace {

constinit ebpf::Atomic<uint64_t> syncs[kCpus] = {};
constinit ebpf::Atomic<uint64_t> syncs_elsewhere{0};

constexpr guest::Break kBreaks[] = {
    {"let_others_go_on", "Rendezvous.StopsTheOtherCpu", "torn."},
    {"forget_sync_behind", "Rendezvous.MakesCodeFreshOnTheOtherCpu",
     "WaitForSyncs(1"},
    {"forget_sync_elsewhere", "Text.OfNewMemoryIsMadeFreshElsewhere",
     "SyncsElsewhere() - before"},
    {"forget_who_stands", "SavedPcs.TellWhereTheOtherCpuWasInterrupted",
     "CountInSpin() == 1"},
    {"forget_who_waits",
     "SavedPcs.TellWhereATaskThatTheOtherCpuPreemptedWillGoOn",
     "CountInSpin() == 1"},
};

}  // namespace

uint64_t SyncsOn(uint32_t cpu) { return syncs[cpu].Load(ebpf::kAcquire); }

uint64_t SyncsElsewhere() { return syncs_elsewhere.Load(ebpf::kRelaxed); }

bool RunApplication() { return guest::RunTestsOrBreaks(kBreaks, Argument()); }

}  // namespace hermit

// Calls of the port's come here.
extern "C" {

using Function = int (*)(void* argument);
using See = void (*)(void* argument, uintptr_t pc);

int __real_ebpf_port_stop_machine(Function function, void* argument,
                                  int* result);
int __wrap_ebpf_port_stop_machine(Function function, void* argument,
                                  int* result) {
  if (function == &hermit::ChangeBoth && guest::IsBroken("let_others_go_on")) {
    const uintptr_t interrupts = ebpf_port_irq_save();
    *result = function(argument);
    ebpf_port_irq_restore(interrupts);
    return 0;
  }
  return __real_ebpf_port_stop_machine(function, argument, result);
}

void __real_ebpf_sync_insn_stream(void);
[[gnu::section("ebpf_noprobe")]] void __wrap_ebpf_sync_insn_stream(void) {
  const uint32_t cpu = ebpf_port_cpu_id();
  if (cpu != 0 && guest::IsBroken("forget_sync_behind")) {
    return;
  }
  __real_ebpf_sync_insn_stream();
  hermit::syncs[cpu % hermit::kCpus].FetchAdd(1, ebpf::kRelease);
}

/// SyncInsnsElsewhere.
void __real__ZN4ebpf6hermit18SyncInsnsElsewhereEv(void);
void __wrap__ZN4ebpf6hermit18SyncInsnsElsewhereEv(void) {
  if (!guest::IsBroken("forget_sync_elsewhere")) {
    __real__ZN4ebpf6hermit18SyncInsnsElsewhereEv();
    hermit::syncs_elsewhere.FetchAdd(1, ebpf::kRelaxed);
  }
}

/// ListStopped.
void __real__ZN4ebpf11ListStoppedEPFvPvmES0_(See see, void* argument);
void __wrap__ZN4ebpf11ListStoppedEPFvPvmES0_(See see, void* argument) {
  if (!guest::IsBroken("forget_who_stands")) {
    __real__ZN4ebpf11ListStoppedEPFvPvmES0_(see, argument);
  }
}

bool __real_ebpf_hermit_saved_pcs(See see, void* argument);
bool __wrap_ebpf_hermit_saved_pcs(See see, void* argument) {
  return guest::IsBroken("forget_who_waits") ||
         __real_ebpf_hermit_saved_pcs(see, argument);
}

}  // extern "C"
