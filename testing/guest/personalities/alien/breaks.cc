// SPDX-License-Identifier: MIT
//
// What a careless port or glue of Alien's does, and which of the port's tests
// must find it. Linked with --wrap around both.
#include "testing/guest/breaks/breaks.h"

#include "arch/riscv64/machine/cpu_features.h"
#include "arch/riscv64/pt_regs.h"
#include "core/base/memory.h"
#include "core/capi/ebpf.h"
#include "core/platform/defer.h"
#include "machine/counter.h"
#include "ports/alien/hooks.h"
#include "ports/alien/kernel.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/personalities/alien/ksync.h"
#include "testing/guest/riscv64/boot_arguments.h"

namespace guest {
namespace {

/// Or it dies of it: BUILD's `deaths` tell the words.
constexpr const char* kDies = nullptr;

constexpr Break kBreaks[] = {
    {"forget_to_zero", "AlienPort.ZeroesWhatTheKernelDoesNot", "AllZero"},
    {"forget_the_budget", "AlienPort.RefusesMemoryBeforeTheKernelWouldPanic",
     kDies},
    {"allow_every_probe", "AlienPort.ProbesNothingOfTheTrapPathOrTheLocks",
     "kernel_v"},
    {"take_the_frames_sp", "AlienPort.TellsTheInterruptedSpAndCannotSetIt",
     "seen_sp == registers.out[2]"},
    {"leave_half_a_breakpoint", "AlienPort.AnUnclaimedBreakpointIsSkippedWhole",
     kDies},
    {"take_extensions_for_granted",
     "AlienPort.FindsOutWhichExtensionsTheHartHas", kDies},
    {"read_time_as_the_kernel_does", "AlienPort.CountsTimeAsTheMachineDoes",
     "begin >= NanosecondsOf(ticks_before)"},
    {"dereference_a_process", "AlienPort.CopiesAcrossPagesOfAProcess", kDies},
    {"trust_a_page_that_is_not_there", "AlienPort.CopiesAcrossPagesOfAProcess",
     "ebpf_port_copy_to_user(kUser + 4092, source, 8)"},
    {"ignore_copy_on_write", "AlienPort.BreaksCopyOnWriteAndNotReadOnly",
     "alien::UserFrame(kUser) != shared"},
    {"break_what_is_read_only", "AlienPort.BreaksCopyOnWriteAndNotReadOnly",
     kDies},
    {"ignore_whose_page_it_is", "AlienPort.NeverTouchesKernelMemoryForAProcess",
     "!ebpf_port_copy_from_user(&value, kUser, 4)"},
    {"run_deferred_work_at_once",
     "AlienPort.RunsDeferredWorkOfAnyContextInATask", "counter.interrupts_on"},
    {"wake_a_task_in_a_probe", "AlienPort.RunsDeferredWorkOfAnyContextInATask",
     kDies},
    {"lock_a_task_for_its_name", "AlienPort.NamesTheTask", kDies},
    {"forget_the_tick", "Ticks.ATimerExpiresAtOneAndNoSoonerThanItsTime",
     "expired_at != 0"},
    {"expire_early", "Ticks.ATimerExpiresAtOneAndNoSoonerThanItsTime",
     "far.expired_at"},
};

/// Waits for the lock of the current task, and gives it back.
void LockTheTask() { alien::MutexGuard guard(alien::task_lock); }

bool IsInProbe() { return alien::probes_running != 0; }

}  // namespace

bool RunTests() { return RunTestsOrBreaks(kBreaks, riscv64::BootArguments()); }

}  // namespace guest

using guest::IsBroken;

extern "C" {

void* __real_ebpf_port_alloc(size_t size, size_t align);
void* __wrap_ebpf_port_alloc(size_t size, size_t align) {
  if (IsBroken("forget_the_budget")) {
    return alien_alloc(size, align);
  }
  void* const memory = __real_ebpf_port_alloc(size, align);
  if (memory != nullptr && IsBroken("forget_to_zero")) {
    ebpf::FillBytes(memory, 0xa5, size);  // as the kernel gave it
  }
  return memory;
}

bool __real_ebpf_port_may_probe(uintptr_t address, size_t size);
bool __wrap_ebpf_port_may_probe(uintptr_t address, size_t size) {
  return IsBroken("allow_every_probe") ||
         __real_ebpf_port_may_probe(address, size);
}

// Its place for sp holds garbage.
bool __real_ebpf_on_breakpoint(ebpf_pt_regs* regs);
bool __wrap_ebpf_on_breakpoint(ebpf_pt_regs* regs) {
  if (IsBroken("take_the_frames_sp")) {
    using namespace ebpf::riscv64;
    uint64_t& sp = Reg(*reinterpret_cast<PtRegs*>(regs), kSp);
    sp = (reinterpret_cast<const alien_ktrap_frame*>(sp) - 1)->x[kSp];
  }
  return __real_ebpf_on_breakpoint(regs);
}

bool __real_ebpf_alien_breakpoint(alien_ktrap_frame* frame);
bool __wrap_ebpf_alien_breakpoint(alien_ktrap_frame* frame) {
  const uintptr_t sepc = frame->sepc;
  const bool ours = __real_ebpf_alien_breakpoint(frame);
  if (!ours && IsBroken("leave_half_a_breakpoint")) {
    frame->sepc = sepc;
  }
  return ours;
}

bool __real_ebpf_alien_kernel_fault(alien_ktrap_frame* frame);
bool __wrap_ebpf_alien_kernel_fault(alien_ktrap_frame* frame) {
  uint64_t pc = frame->sepc;
  if (IsBroken("take_extensions_for_granted") &&
      ebpf::riscv64::FeatureFixup(pc)) {
    return false;
  }
  return __real_ebpf_alien_kernel_fault(frame);
}

// read_time_ns(), whose product has 64 bits.
uint64_t __real_ebpf_port_time_ns();
uint64_t __wrap_ebpf_port_time_ns() {
  return IsBroken("read_time_as_the_kernel_does")
             ? ebpf::machine::ReadCounter() * 1'000'000'000 /
                   alien_timer_frequency()
             : __real_ebpf_port_time_ns();
}

bool __real_ebpf_port_copy_from_user(void* to, uint64_t from, size_t size);
bool __wrap_ebpf_port_copy_from_user(void* to, uint64_t from, size_t size) {
  if (!IsBroken("dereference_a_process")) {
    return __real_ebpf_port_copy_from_user(to, from, size);
  }
  ebpf::CopyBytes(to, reinterpret_cast<const void*>(from), size);
  return true;
}

// What the port believes of a process's page.
bool __real_alien_user_query(uintptr_t va, uintptr_t* pa, uint32_t* flags);
bool __wrap_alien_user_query(uintptr_t va, uintptr_t* pa, uint32_t* flags) {
  if (!__real_alien_user_query(va, pa, flags)) {
    return false;
  }
  if (IsBroken("trust_a_page_that_is_not_there")) {
    *flags |= ALIEN_MAP_VALID;
  } else if (IsBroken("ignore_copy_on_write")) {
    *flags |= ALIEN_MAP_WRITE;
  } else if (IsBroken("break_what_is_read_only")) {
    *flags |= ALIEN_MAP_COPY_ON_WRITE;
  } else if (IsBroken("ignore_whose_page_it_is")) {
    *flags |= ALIEN_MAP_USER;
  }
  return true;
}

bool __real_ebpf_port_defer(ebpf_deferred* work);
bool __wrap_ebpf_port_defer(ebpf_deferred* work) {
  if (guest::IsInProbe() && IsBroken("run_deferred_work_at_once")) {
    work->run(work);
    return true;
  }
  if (guest::IsInProbe() && IsBroken("wake_a_task_in_a_probe")) {
    guest::LockTheTask();
  }
  return __real_ebpf_port_defer(work);
}

bool __real_ebpf_port_task_comm(char* name, size_t size);
bool __wrap_ebpf_port_task_comm(char* name, size_t size) {
  if (IsBroken("lock_a_task_for_its_name")) {
    guest::LockTheTask();
  }
  return __real_ebpf_port_task_comm(name, size);
}

void __real_ebpf_alien_tick(const alien_ktrap_frame* frame);
void __wrap_ebpf_alien_tick(const alien_ktrap_frame* frame) {
  if (!IsBroken("forget_the_tick")) {
    __real_ebpf_alien_tick(frame);
  }
}

}  // extern "C"
