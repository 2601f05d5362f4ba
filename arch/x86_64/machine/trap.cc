// SPDX-License-Identifier: MIT
//
// The breakpoint and fault hooks: core/probes' way of a trap, made of this
// CPU's types, in one piece without indirect calls.
#include "arch/x86_64/breakpoint.h"
#include "arch/x86_64/call_frame.h"
#include "arch/x86_64/machine/icache.h"
#include "arch/x86_64/machine/nofault.h"
#include "arch/x86_64/macro_assembler.h"
#include "arch/x86_64/probed_insn.h"
#include "arch/x86_64/pt_regs.h"
#include "core/base/noprobe.h"
#include "core/jit/jit.h"
#include "core/probes/kprobe.h"
#include "core/probes/probe_site.h"
#include "core/probes/probe_trap.h"
#include "core/probes/return_trap.h"

extern "C" {
[[gnu::visibility("hidden")]] extern const uint8_t ebpf_detour_begin[];
[[gnu::visibility("hidden")]] extern const uint8_t ebpf_detour_end[];
}

namespace ebpf {
namespace {

/// A register by the number that instructions have for it. [intel/vol2: 2.1]
uint64_t& RegisterOf(x86_64::PtRegs& regs, unsigned number) {
  uint64_t* const registers[] = {&regs.rax, &regs.rcx, &regs.rdx, &regs.rbx,
                                 &regs.rsp, &regs.rbp, &regs.rsi, &regs.rdi,
                                 &regs.r8,  &regs.r9,  &regs.r10, &regs.r11,
                                 &regs.r12, &regs.r13, &regs.r14, &regs.r15};
  return *registers[number];
}

using Trap = ProbeTrap<x86_64::ProbedInsn, x86_64::Breakpoint>;
using Return = ReturnTrap<x86_64::ProbedInsn, x86_64::CallFrame>;

}  // namespace

extern "C" EBPF_NOPROBE bool ebpf_on_breakpoint(machine::PtRegs* regs) {
  return Trap::OnBreakpoint(*regs);
}

EBPF_NOPROBE bool OnBreakpoint(machine::PtRegs& regs) {
  return ebpf_on_breakpoint(&regs);
}

EBPF_NOPROBE bool OnFault(machine::PtRegs& regs) { return Trap::OnFault(regs); }

constinit const TextRange machine_detour_text = {ebpf_detour_begin,
                                                 ebpf_detour_end};

/// For detour.S: whether the consumers want to go on elsewhere.
extern "C" EBPF_NOPROBE bool ebpf_detour_hit(machine::PtRegs* regs) {
  return Trap::OnDetour(ebpf_port_cpu_id(), *regs);
}

void ReturnHook::Hit(machine::PtRegs& regs) { Return::OnCall(*this, regs); }

/// For return_trampoline.S.
extern "C" EBPF_NOPROBE uint64_t ebpf_return_hit(machine::PtRegs* regs,
                                                 ReturnInstance* instance) {
  const uintptr_t interrupts = ebpf_port_irq_save();
  const uint64_t pc = Return::OnReturn(*regs, *instance);
  ebpf_port_irq_restore(interrupts);
  return pc;
}

extern "C" EBPF_NOPROBE uint64_t ebpf_return_seldom(machine::PtRegs* regs,
                                                    ReturnInstance* instance,
                                                    uintptr_t owner,
                                                    ProbeCpu* cpu) {
  return Return::OnSeldomReturn(*regs, *instance, owner, cpu);
}

// What core/capi/ebpf.h declares for kernels.
extern "C" {

EBPF_NOPROBE bool ebpf_on_fault(machine::PtRegs* regs) {
  return OnFault(*regs);
}

// Not in ebpf_noprobe: what faults here is a program, not the way of a
// breakpoint.
bool ebpf_fix_fault(machine::PtRegs* opaque) {
  x86_64::PtRegs& regs = x86_64::RegsOf(*opaque);
  uint64_t resume;
  uint8_t dst;
  if (!FindJitFixup(regs.rip, &resume, &dst)) {
    return false;
  }
  RegisterOf(regs, x86_64::MacroAssembler::NumberOf(dst)) = 0;
  regs.rip = resume;
  return true;
}

}  // extern "C"

}  // namespace ebpf
