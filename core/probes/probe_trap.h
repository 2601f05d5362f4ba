// SPDX-License-Identifier: MIT
//
// The way of a breakpoint trap, for arch/<isa>/machine/trap.cc to make a
// function of. Everything here becomes part of that function, in ebpf_noprobe.
#pragma once

#include <stdint.h>

#include "core/base/noprobe.h"
#include "core/machine/breakpoint.h"
#include "core/machine/probed_insn.h"
#include "core/machine/pt_regs.h"
#include "core/platform/cpu.h"
#include "core/probes/probe_site.h"
#include "core/probes/text_patch.h"

namespace ebpf {

template <machine::ProbedInsnFor Insn, machine::BreakpointFor Breakpoint>
struct ProbeTrap {
  // Interrupts are masked all the way. So no rendezvous completes meanwhile:
  // nothing that can be found is freed, and what is freed is found no more.

  /// core/probes/kprobe.h's OnBreakpoint.
  static EBPF_NOPROBE_INLINE bool OnBreakpoint(machine::PtRegs& regs) {
    // Pairs with the release in ProbeRegistry::Init.
    ProbeCpu* cpus = probe_shared.cpus.Load(kAcquire);
    return cpus != nullptr && Handle(cpus[ebpf_port_cpu_id()], regs);
  }

  /// The hit of a detour on CPU `id`, interrupts masked: whether to go on
  /// elsewhere.
  static EBPF_NOPROBE_INLINE bool OnDetour(uint32_t id, machine::PtRegs& regs) {
    ProbeCpu* cpus = probe_shared.cpus.Load(kAcquire);
    if (cpus == nullptr) {
      return false;
    }
    const uint64_t address = Insn::Pc(regs);
    // Pairs with the releases in SiteTable.
    ProbeSite* site = probe_shared.table.Load(kAcquire)->Find(address);
    if (site == nullptr) {
      return false;  // it was taken away meanwhile
    }
    RunConsumers(cpus[id], *site, regs);
    return Insn::Pc(regs) != address;
  }

  /// core/probes/kprobe.h's OnFault.
  static EBPF_NOPROBE_INLINE bool OnFault(machine::PtRegs& regs) {
    ProbeCpu* cpus = probe_shared.cpus.Load(kAcquire);
    return cpus != nullptr &&
           (AbortStep(cpus[ebpf_port_cpu_id()], regs) || LeaveSlot(regs));
  }

 private:
  static EBPF_NOPROBE_INLINE bool Handle(ProbeCpu& cpu, machine::PtRegs& regs) {
    const uint64_t address = Breakpoint::AddressOf(Insn::Pc(regs));
    // Seldom: the compiler is not to prepare for it in each hit.
    if (__builtin_expect(cpu.step_count != 0, 0) &&
        EndStep(cpu, address, regs)) {
      return true;
    }
    // Pairs with the releases in SiteTable.
    ProbeSite* site = probe_shared.table.Load(kAcquire)->Find(address);
    if (site == nullptr) {
      return Retry(cpu, address, regs);
    }
    Insn::SetPc(regs, address);
    RunConsumers(cpu, *site, regs);
    if (Insn::Pc(regs) != address) {
      return true;  // a consumer wants to go on elsewhere
    }
    if (site->plan.method == machine::ProbeMethod::kEmulate) {
      Insn::Emulate(site->plan, regs);
    } else if (site->plan.method == machine::ProbeMethod::kStep) {
      BeginStep(cpu, *site, regs);
    } else {
      // It comes back by itself.
      Insn::SetPc(regs, site->slot + site->plan.copy_offset);
    }
    return true;
  }

  static EBPF_NOPROBE_INLINE void RunConsumers(ProbeCpu& cpu, ProbeSite& site,
                                               machine::PtRegs& regs) {
    if (cpu.in_consumers.is_open()) {
      site.CountMissed();
    } else {
      cpu.in_consumers.Open();
      ebpf_probe_run(&site, &regs);
      cpu.in_consumers.Close();
    }
  }

  static EBPF_NOPROBE_INLINE void BeginStep(ProbeCpu& cpu, ProbeSite& site,
                                            machine::PtRegs& regs) {
    if (cpu.step_count == ProbeCpu::kMaxSteps) {
      // Nothing returns to the oldest: its fault ended elsewhere.
      for (uint32_t i = 1; i < ProbeCpu::kMaxSteps; ++i) {
        cpu.steps[i - 1].site = cpu.steps[i].site;
        cpu.steps[i - 1].trap_address = cpu.steps[i].trap_address;
        cpu.steps[i - 1].state.saved_flags = cpu.steps[i].state.saved_flags;
        cpu.steps[i - 1].state.saved_register =
            cpu.steps[i].state.saved_register;
      }
      --cpu.step_count;
    }
    ProbeCpu::Step& step = cpu.steps[cpu.step_count++];
    step.site = &site;
    step.trap_address = site.slot + site.plan.step_trap_offset;
    Insn::BeginStep(site.plan, site.slot, regs, step.state);
  }

  /// Whether the breakpoint is the one behind an instruction in a slot.
  static EBPF_NOPROBE_INLINE bool EndStep(ProbeCpu& cpu, uint64_t address,
                                          machine::PtRegs& regs) {
    for (uint32_t i = cpu.step_count; i-- > 0;) {
      ProbeCpu::Step& step = cpu.steps[i];
      if (step.trap_address == address) {
        cpu.step_count = i;
        Insn::EndStep(step.site->plan, step.site->slot, step.state, regs);
        return true;
      }
    }
    return false;
  }

  static EBPF_NOPROBE_INLINE bool AbortStep(ProbeCpu& cpu,
                                            machine::PtRegs& regs) {
    for (uint32_t i = cpu.step_count; i-- > 0;) {
      ProbeCpu::Step& step = cpu.steps[i];
      // The slot lies right before its second breakpoint.
      const uint64_t before_trap = step.trap_address - Insn::Pc(regs);
      if (before_trap != 0 && before_trap < machine::kMaxSlotSize) {
        cpu.step_count = i;
        Insn::AbortStep(step.site->plan, step.state, regs);
        return true;
      }
    }
    return false;
  }

  /// Whether an instruction in a slot that jumps back faulted. Where it is
  /// tells whose it is: it may have been interrupted there, and gone to another
  /// CPU.
  static EBPF_NOPROBE_INLINE bool LeaveSlot(machine::PtRegs& regs) {
    const uint64_t pc = Insn::Pc(regs);
    const uint64_t original = probe_shared.slots.Load(kRelaxed)->OriginOf(pc);
    if (original == pc) {
      return false;
    }
    Insn::SetPc(regs, original);
    return true;
  }

  /// A trap without a probe. If there is no breakpoint in the text either, this
  /// CPU has met one that was taken away meanwhile (or that its emulator had
  /// kept): the instruction there is simply run. A few times for each change of
  /// text, so that a mistake cannot become an endless loop.
  static EBPF_NOPROBE_INLINE bool Retry(ProbeCpu& cpu, uint64_t address,
                                        machine::PtRegs& regs) {
    constexpr uint32_t kMaxRetries = 16;
    if (Breakpoint::IsAt(reinterpret_cast<const uint8_t*>(address))) {
      return false;
    }
    const uint64_t patch_count = text_patch_count.Load(kRelaxed);
    if (cpu.retry_patch_count != patch_count) {
      cpu.retry_patch_count = patch_count;
      cpu.retries = 0;
    }
    if (cpu.retries == kMaxRetries) {
      return false;
    }
    ++cpu.retries;
    Insn::SetPc(regs, address);
    return true;
  }
};

}  // namespace ebpf
