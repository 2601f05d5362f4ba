// SPDX-License-Identifier: MIT
//
// arch/x86_64/machine/trap_takeover.h's implementation.
#include "arch/x86_64/machine/trap_takeover.h"

#include <stddef.h>

#include "arch/x86_64/machine/nofault.h"
#include "arch/x86_64/machine/system_registers.h"
#include "arch/x86_64/machine/taken_frame.h"
#include "arch/x86_64/pt_regs.h"
#include "core/base/noprobe.h"
#include "core/platform/memory.h"
#include "core/platform/taken_traps.h"
#include "core/platform/text.h"
#include "machine/interrupts.h"

extern "C" {

// As core/capi/ebpf.h, which is above arch, declares them for kernels.
void ebpf_breakpoint_entry(void);
bool ebpf_on_fault(ebpf::machine::PtRegs* regs);
bool ebpf_fix_fault(ebpf::machine::PtRegs* regs);

// trap_takeover.S.
void ebpf_protection_gate(void);
void ebpf_page_fault_gate(void);
void ebpf_timer_gate(void);
void ebpf_asked_gate(void);

/// Where the kernel's own gates led.
[[gnu::visibility("hidden")]] uintptr_t ebpf_kernels_breakpoint = 0;
[[gnu::visibility("hidden")]] uintptr_t ebpf_kernels_protection = 0;
[[gnu::visibility("hidden")]] uintptr_t ebpf_kernels_page_fault = 0;
[[gnu::visibility("hidden")]] uintptr_t ebpf_kernels_timer = 0;
/// And where in the task state segment their stack is.
[[gnu::visibility("hidden")]] uintptr_t ebpf_taken_stack = 0;

}  // extern "C"

namespace ebpf::x86_64 {
namespace {

static_assert(offsetof(TakenFrame, pc) == offsetof(PtRegs, rip));
static_assert(offsetof(TakenFrame, sp) == offsetof(PtRegs, rsp));
static_assert(sizeof(TakenFrame) == sizeof(PtRegs));

constexpr unsigned kBreakpoint = 3;
constexpr unsigned kProtection = 13;
constexpr unsigned kPageFault = 14;

/// A breakpoint is taken where it is hit: the kernel's stack for interrupts may
/// be the very one. That is why what is probed must keep no red zone.
constexpr uint8_t kSameStack = 0;

struct alignas(16) Stacks {
  uint8_t fault[1024];
  /// Programs run on it.
  uint8_t interrupt[32 << 10];
};
/// Of the first CPU.
constinit Stacks first_stacks = {};

void Use(Stacks& stacks, const GatesToTake& gates) {
  TaskState* const state = CurrentTaskState();
  state->interrupt_stacks[gates.fault_stack - 1] =
      reinterpret_cast<uintptr_t>(stacks.fault + sizeof(stacks.fault));
  state->interrupt_stacks[gates.interrupt_stack - 1] =
      reinterpret_cast<uintptr_t>(stacks.interrupt + sizeof(stacks.interrupt));
}

/// Gate `vector` leads to `handler` on `stack` from now on; where it led
/// before.
uintptr_t Take(unsigned vector, void (*handler)(), uint8_t stack) {
  Gate& gate = InterruptTable()[vector];
  const uintptr_t before = gate.Handler();
  gate.SetHandler(reinterpret_cast<uintptr_t>(handler));
  gate.stack = stack;
  return before;
}

/// The number of the one stack that those gates begin on; 0 if there is none.
uint8_t StackOfAll(const unsigned (&vectors)[4]) {
  const Gate* const table = InterruptTable();
  const uint8_t stack = table[vectors[0]].stack;
  for (unsigned vector : vectors) {
    if (table[vector].stack != stack) {
      return 0;
    }
  }
  return stack;
}

}  // namespace

bool TakeGates(const GatesToTake& gates) {
  const uint8_t stack =
      StackOfAll({kBreakpoint, kProtection, kPageFault, gates.timer});
  if (stack == 0) {
    return false;
  }
  const uintptr_t interrupts = machine::MaskInterrupts();
  ebpf_taken_stack = offsetof(TaskState, interrupt_stacks) +
                     (stack - 1u) * sizeof(TaskState::interrupt_stacks[0]);
  Use(first_stacks, gates);
  ebpf_kernels_breakpoint =
      Take(kBreakpoint, &ebpf_breakpoint_entry, kSameStack);
  ebpf_kernels_protection =
      Take(kProtection, &ebpf_protection_gate, gates.fault_stack);
  ebpf_kernels_page_fault =
      Take(kPageFault, &ebpf_page_fault_gate, gates.fault_stack);
  ebpf_kernels_timer =
      Take(gates.timer, &ebpf_timer_gate, gates.interrupt_stack);
  if (gates.asked != 0) {
    (void)Take(gates.asked, &ebpf_asked_gate, gates.interrupt_stack);
  }
  machine::RestoreInterrupts(interrupts);
  return true;
}

bool PrepareCpuForGates(const GatesToTake& gates) {
  auto* const stacks =
      static_cast<Stacks*>(ebpf_port_alloc(sizeof(Stacks), alignof(Stacks)));
  if (stacks == nullptr) {
    return false;
  }
  Use(*stacks, gates);
  return true;
}

}  // namespace ebpf::x86_64

extern "C" {

/// For trap_takeover.S: whether `frame` leads on. If not, the kernel takes the
/// exception, with `frame` as it is then.
EBPF_NOPROBE bool ebpf_taken_fault(ebpf::TakenFrame* frame) {
  auto* const regs = reinterpret_cast<ebpf::machine::PtRegs*>(frame);
  (void)ebpf_on_fault(regs);
  return ebpf::x86_64::NofaultFixup(frame->pc) || ebpf_fix_fault(regs);
}

uint32_t ebpf_port_trap_stub(void) {
  return EBPF_TRAP_STUB_SETS_SP | EBPF_TRAP_STUB_LEAVES_GAP;
}

}  // extern "C"
