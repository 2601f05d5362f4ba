// SPDX-License-Identifier: MIT
//
// Four gates of the kernel's lead to us: breakpoints, the faults that a probed
// load may have, and the timer.
#include "arch/x86_64/machine/nofault.h"
#include "arch/x86_64/machine/system_registers.h"
#include "arch/x86_64/pt_regs.h"
#include "core/base/noprobe.h"
#include "core/capi/ebpf.h"
#include "core/platform/this_cpu.h"
#include "machine/interrupts.h"
#include "ports/hermit/cpus.h"
#include "ports/hermit/kernel.h"
#include "ports/hermit/machine.h"
#include "ports/hermit/timer.h"
#include "ports/hermit/x86_64/trap_frame.h"

extern "C" {

// gates.S.
void EbpfHermitProtectionGate(void);
void EbpfHermitPageFaultGate(void);
void EbpfHermitTimerGate(void);
void EbpfHermitAskedGate(void);

/// Where the kernel's own gates led.
[[gnu::visibility("hidden")]] uintptr_t EbpfHermitKernelBreakpoint = 0;
[[gnu::visibility("hidden")]] uintptr_t EbpfHermitKernelProtection = 0;
[[gnu::visibility("hidden")]] uintptr_t EbpfHermitKernelPageFault = 0;
[[gnu::visibility("hidden")]] uintptr_t EbpfHermitKernelTimer = 0;

}  // extern "C"

namespace ebpf::hermit {
namespace {

static_assert(offsetof(TrapFrame, pc) == offsetof(x86_64::PtRegs, rip));
static_assert(offsetof(TrapFrame, sp) == offsetof(x86_64::PtRegs, rsp));
static_assert(sizeof(TrapFrame) == sizeof(x86_64::PtRegs));

constexpr unsigned kBreakpoint = 3;
constexpr unsigned kProtection = 13;
constexpr unsigned kPageFault = 14;
/// What Hermit has its local APIC's timer interrupt by.
constexpr unsigned kTimer = 123;
/// What other CPUs interrupt by, and rust/ebpf.rs knows.
constexpr unsigned kAsked = 122;

/// A breakpoint is taken where it is hit: the kernel's stack for interrupts may
/// be the very one. That is why what is probed must keep no red zone.
constexpr uint8_t kSameStack = 0;
/// Of those that Hermit leaves free.
constexpr uint8_t kFaultStack = 6;
constexpr uint8_t kTimerStack = 7;

struct alignas(16) Stacks {
  uint8_t fault[1024];
  /// Programs run on it.
  uint8_t timer[32 << 10];
};
/// Of the first CPU.
constinit Stacks stacks = {};

void Use(Stacks& of_this_cpu) {
  x86_64::TaskState* const state = x86_64::CurrentTaskState();
  state->interrupt_stacks[kFaultStack - 1] =
      reinterpret_cast<uintptr_t>(of_this_cpu.fault + sizeof(stacks.fault));
  state->interrupt_stacks[kTimerStack - 1] =
      reinterpret_cast<uintptr_t>(of_this_cpu.timer + sizeof(stacks.timer));
}

/// Gate `vector` leads to `handler` on `stack` from now on; where it led
/// before.
uintptr_t Take(unsigned vector, void (*handler)(), uint8_t stack) {
  x86_64::Gate& gate = x86_64::InterruptTable()[vector];
  const uintptr_t before = gate.Handler();
  gate.SetHandler(reinterpret_cast<uintptr_t>(handler));
  gate.stack = stack;
  return before;
}

}  // namespace

bool InstallTraps() {
  const uintptr_t interrupts = machine::MaskInterrupts();
  Use(stacks);
  EbpfHermitKernelBreakpoint =
      Take(kBreakpoint, &ebpf_breakpoint_entry, kSameStack);
  EbpfHermitKernelProtection =
      Take(kProtection, &EbpfHermitProtectionGate, kFaultStack);
  EbpfHermitKernelPageFault =
      Take(kPageFault, &EbpfHermitPageFaultGate, kFaultStack);
  EbpfHermitKernelTimer = Take(kTimer, &EbpfHermitTimerGate, kTimerStack);
  if (cpu_count != 1) {
    (void)Take(kAsked, &EbpfHermitAskedGate, kTimerStack);
    // The selector of the task state segment is the same on all.
    ebpf_port_this_cpu.facts = 0;
  }
  machine::RestoreInterrupts(interrupts);
  return true;
}

constinit const bool kManyCpus = true;

// Never given back, as the gates are not.
bool PrepareCpu() {
  auto* const memory =
      static_cast<Stacks*>(sys_alloc_zeroed(sizeof(Stacks), alignof(Stacks)));
  if (memory == nullptr) {
    return false;
  }
  Use(*memory);
  return true;
}

// The kernel's table of gates is the same on all.
void EnterCpu() {}

}  // namespace ebpf::hermit

// Called by gates.S.
extern "C" {

/// Whether `frame` leads on. If not, the kernel takes the exception, with
/// `frame` as it is then.
EBPF_NOPROBE bool EbpfHermitFault(ebpf::hermit::TrapFrame* frame) {
  auto* regs = reinterpret_cast<ebpf_pt_regs*>(frame);
  (void)ebpf_on_fault(regs);
  return ebpf::x86_64::NofaultFixup(frame->pc) || ebpf_fix_fault(regs);
}

/// Another CPU has interrupted this one; EbpfHermitTick is next.
EBPF_NOPROBE void EbpfHermitAsked(const ebpf::hermit::TrapFrame* frame) {
  ebpf::hermit::StandStill(frame->pc);
}

/// The timer's interrupt, whoever it is for; the kernel gets it next. Or
/// another CPU's.
void EbpfHermitTick(const ebpf::hermit::TrapFrame* frame) {
  ebpf::hermit::Tick(frame);
}

}  // extern "C"
