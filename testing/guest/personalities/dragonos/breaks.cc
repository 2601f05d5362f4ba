// SPDX-License-Identifier: MIT
//
// What a careless port or glue of DragonOS's does, and which of the port's
// tests must find it. Linked with --wrap around both.
#include "testing/guest/breaks/breaks.h"

#include "arch/x86_64/machine/system_registers.h"
#include "arch/x86_64/pt_regs.h"
#include "core/base/memory.h"
#include "core/capi/ebpf.h"
#include "core/platform/defer.h"
#include "core/platform/interruptions.h"
#include "core/platform/memory.h"
#include "core/platform/task.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/services.h"
#include "ports/dragonos/x86_64/kernel.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/personalities/dragonos/current.h"
#include "testing/guest/x86_64/boot_arguments.h"

extern "C" uint8_t break_pass_on_masked;  // break.S

namespace guest {
namespace {

using ebpf::x86_64::PtRegs;

void PassOnMasked(bool broken) { break_pass_on_masked = broken ? 1 : 0; }

/// A glue that takes the port's entry and leaves the gate of the kernel's kind.
void LeaveTheTrapGate(bool broken) {
  constexpr unsigned kBreakpoint = 3;
  constexpr uint8_t kIsTrapGate = 1;
  uint8_t& type = ebpf::x86_64::InterruptTable()[kBreakpoint].type;
  type = static_cast<uint8_t>(broken ? type | kIsTrapGate
                                     : type & ~unsigned{kIsTrapGate});
}

/// Or it dies of it: BUILD's `deaths` tell the words.
constexpr const char* kDies = nullptr;

constexpr Break kBreaks[] = {
    {"lose_a_register", "DragonOsPort.ATrapCanSeeAndChangeEveryRegister",
     "out[i] == ValueAfter(i)"},
    {"exchange_registers", "DragonOsPort.ATrapCanSeeAndChangeEveryRegister",
     "seen.*kRegisters[i] == ValueBefore(i)"},
    {"lose_a_register_in_a_fault",
     "DragonOsPort.TheHookOfFaultsSeesAndChangesEveryRegister",
     "frame.*place.in_frame == After(i)"},
    {"exchange_registers_in_a_fault",
     "DragonOsPort.TheHookOfFaultsSeesAndChangesEveryRegister",
     "fault_regs.*place.in_regs == Before(i)"},
    {"leave_the_trap_gate",
     "DragonOsPort.TheHookMasksInterruptsThatTheGateKeeps", "masked_in_hook",
     LeaveTheTrapGate},
    {"keep_interrupts_in_a_fault",
     "DragonOsPort.TheHookOfFaultsMasksInterruptsWhateverTheGate",
     "masked_in_fault"},
    {"claim_every_breakpoint", "DragonOsPort.AnUnclaimedBreakpointIsPassedOver",
     "int3.times == 1"},
    {"pass_a_breakpoint_on_masked",
     "DragonOsPort.AnUnclaimedBreakpointIsPassedOver", "int3.interrupts_on",
     PassOnMasked},
    {"allow_every_probe", "DragonOsPort.ProbesNothingOfTheTrapPath",
     "guest_trap_entry"},
    {"stop_while_atomic",
     "DragonOsPort.DoesNotStopTheMachineInsideAnAtomicSection", "== -16"},
    {"log_in_a_trap", "DragonOsPort.LogsWhereTheLogsLockMayBeTaken", kDies},
    {"wake_the_worker_in_a_trap", "DragonOsPort.WakesItsWorkerBehindTheTrap",
     kDies},
    {"allocate_in_a_trap", "DragonOsPort.WakesItsWorkerBehindTheTrap", kDies},
    {"read_a_locked_name", "DragonOsPort.HasNoNameForATaskWhoseNameIsLocked",
     "!ebpf_port_task_comm"},
    {"dereference_a_process", "DragonOsPort.CopiesFromAndToAProcess", kDies},
    {"forget_the_alias", "DragonOsPort.WritesTwoPagesOneRightAfterTheOther",
     "result == 0"},
    {"forget_the_other_cpus",
     "DragonOsPort.ExecutableMemoryCannotBeWrittenOnAnyCpu", "!store.stored"},
    {"believe_who_tells_nothing",
     "DragonOsPort.DoesNotBelieveAKernelThatTellsNothing",
     "ListOnce(0).status"},
    {"forget_who_is_preempted", "DragonOsPort.ListsATaskThatIsPreempted",
     "told == 10"},
    {"forget_the_tick", "Ticks.ATimerExpiresAtOneAndNoSoonerThanItsTime",
     "expired_at != 0"},
    {"expire_early", "Ticks.ATimerExpiresAtOneAndNoSoonerThanItsTime",
     "far.expired_at"},
};

void Exchange(uint64_t& a, uint64_t& b) {
  const uint64_t kept = a;
  a = b;
  b = kept;
}

}  // namespace

bool RunTests() {
  if (ebpf::dragonos::StartServices() != 0) {
    Panic("the port's services do not start");
  }
  return RunTestsOrBreaks(kBreaks, x86_64::BootArguments());
}

}  // namespace guest

using guest::IsBroken;

extern "C" {

bool __real_ebpf_on_breakpoint(ebpf_pt_regs* context);
bool __wrap_ebpf_on_breakpoint(ebpf_pt_regs* context) {
  auto& regs = *reinterpret_cast<guest::PtRegs*>(context);
  const bool exchanged = IsBroken("exchange_registers");
  if (exchanged) {
    guest::Exchange(regs.r8, regs.r11);
  }
  const uint64_t rbx = regs.rbx;
  const bool ours = __real_ebpf_on_breakpoint(context);
  if (exchanged) {
    guest::Exchange(regs.r8, regs.r11);
  }
  if (IsBroken("lose_a_register")) {
    regs.rbx = rbx;
  }
  return ours || IsBroken("claim_every_breakpoint");
}

bool __real_ebpf_dragonos_fault(dragonos_trap_frame* frame);
bool __wrap_ebpf_dragonos_fault(dragonos_trap_frame* frame) {
  const bool exchanged = IsBroken("exchange_registers_in_a_fault");
  if (exchanged) {
    guest::Exchange(frame->r8, frame->r11);
  }
  const uint64_t rbx = frame->rbx;
  const bool ours = __real_ebpf_dragonos_fault(frame);
  if (exchanged) {
    guest::Exchange(frame->r8, frame->r11);
  }
  if (IsBroken("lose_a_register_in_a_fault")) {
    frame->rbx = rbx;
  }
  return ours;
}

bool __real_ebpf_on_fault(ebpf_pt_regs* regs);
bool __wrap_ebpf_on_fault(ebpf_pt_regs* regs) {
  if (IsBroken("keep_interrupts_in_a_fault")) {
    guest::machine::IrqEnable();
  }
  return __real_ebpf_on_fault(regs);
}

// Shown to nobody from its beginning on.
size_t __real_ebpf_dragonos_interrupted(const dragonos_trap_frame* frame);
size_t __wrap_ebpf_dragonos_interrupted(const dragonos_trap_frame* frame) {
  const size_t interruption = __real_ebpf_dragonos_interrupted(frame);
  if (!IsBroken("forget_who_is_preempted")) {
    return interruption;
  }
  ebpf_dragonos_resume(interruption);
  return ebpf::Interruptions::kNone;
}

// guest::dragonos::FlushTlbOfOthers().
void __real__ZN5guest8dragonos16FlushTlbOfOthersEv();
void __wrap__ZN5guest8dragonos16FlushTlbOfOthersEv() {
  if (!IsBroken("forget_the_other_cpus")) {
    __real__ZN5guest8dragonos16FlushTlbOfOthersEv();
  }
}

// ebpf::Interruptions::Check().
void __real__ZN4ebpf13Interruptions5CheckEPKv(ebpf::Interruptions* self,
                                              const void* frame);
void __wrap__ZN4ebpf13Interruptions5CheckEPKv(ebpf::Interruptions* self,
                                              const void* frame) {
  if (!IsBroken("believe_who_tells_nothing")) {
    __real__ZN4ebpf13Interruptions5CheckEPKv(self, frame);
  }
}

void __real_ebpf_dragonos_tick(const dragonos_trap_frame* frame);
void __wrap_ebpf_dragonos_tick(const dragonos_trap_frame* frame) {
  if (!IsBroken("forget_the_tick")) {
    __real_ebpf_dragonos_tick(frame);
  }
}

bool __real_ebpf_port_may_probe(uintptr_t address, size_t size);
bool __wrap_ebpf_port_may_probe(uintptr_t address, size_t size) {
  return IsBroken("allow_every_probe") ||
         __real_ebpf_port_may_probe(address, size);
}

bool __real_dragonos_may_rendezvous();
bool __wrap_dragonos_may_rendezvous() {
  return IsBroken("stop_while_atomic") || __real_dragonos_may_rendezvous();
}

void __real_ebpf_port_log(const char* text, size_t size);
void __wrap_ebpf_port_log(const char* text, size_t size) {
  if (IsBroken("log_in_a_trap")) {
    dragonos_log(text, size);
  } else {
    __real_ebpf_port_log(text, size);
  }
}

bool __real_ebpf_port_defer(ebpf_deferred* work);
bool __wrap_ebpf_port_defer(ebpf_deferred* work) {
  if (IsBroken("allocate_in_a_trap")) {
    (void)ebpf_port_alloc(sizeof *work, alignof(ebpf_deferred));
  }
  const bool taken = __real_ebpf_port_defer(work);
  if (IsBroken("wake_the_worker_in_a_trap")) {
    dragonos_worker_wake();
  }
  return taken;
}

bool __real_ebpf_port_task_comm(char* name, size_t size);
bool __wrap_ebpf_port_task_comm(char* name, size_t size) {
  const bool locked = guest::dragonos::name_is_locked;
  if (IsBroken("read_a_locked_name")) {
    guest::dragonos::name_is_locked = false;
  }
  const bool told = __real_ebpf_port_task_comm(name, size);
  guest::dragonos::name_is_locked = locked;
  return told;
}

bool __real_ebpf_port_copy_from_user(void* to, uint64_t from, size_t size);
bool __wrap_ebpf_port_copy_from_user(void* to, uint64_t from, size_t size) {
  if (!IsBroken("dereference_a_process")) {
    return __real_ebpf_port_copy_from_user(to, from, size);
  }
  ebpf::CopyBytes(to, reinterpret_cast<const void*>(from), size);
  return true;
}

}  // extern "C"
