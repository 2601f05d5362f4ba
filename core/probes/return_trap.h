// SPDX-License-Identifier: MIT
//
// The way of a followed return, for arch/<isa>/machine/trap.cc to make a
// function of. Everything here becomes part of that function, in .ebpf.noprobe.
#pragma once

#include <stdint.h>

#include "core/base/noprobe.h"
#include "core/machine/call_frame.h"
#include "core/machine/probed_insn.h"
#include "core/machine/pt_regs.h"
#include "core/platform/cpu.h"
#include "core/probes/probe_site.h"
#include "core/probes/return_pool.h"

namespace ebpf {

template <machine::ProbedInsnFor Insn, machine::CallFrameFor Frame>
struct ReturnTrap {
  /// ebpf_return_hit. No trap: the stub was returned to, with interrupts as the
  /// function left them. The guard is the CPU's, so they are masked first; and
  /// what is found is not freed meanwhile, as in ProbeTrap.
  static EBPF_NOPROBE_INLINE void OnReturn(machine::PtRegs& regs,
                                           uint32_t number) {
    const uintptr_t interrupts = ebpf_port_irq_save();
    ProbeCpu* cpus = probe_shared.cpus.Load(kAcquire);
    if (cpus == nullptr) {
      ebpf_return_lost();  // there are no calls any more
    }
    ProbeCpu& cpu = cpus[ebpf_port_cpu_id()];
    ReturnInstance& instance = ReturnPool::At(number);
    // Pairs with the release in ReturnPool::Begin.
    const bool in_flight = instance.in_flight.Load(kAcquire) != 0;
    if (!IsFrameOf(instance, Frame::SpAtEntry(regs),
                   in_flight ? kMaxShift : 0)) {
      if (!cpu.in_consumers.is_open()) {
        cpu.in_consumers.Open();  // what it says may be probed
      }
      ebpf_return_lost();
    }
    const uint64_t next = instance.return_address;
    const uint64_t real = Resolve(next);
    Frame::SetReturned(regs, real);
    if (in_flight) {
      Deliver(cpu, instance, regs, real);
      // Not a store: a task's end may have been told for another's stack, and
      // then it is given back already.
      if (instance.in_flight.Exchange(0, kRelaxed) != 0) {
        return_pool.GiveBack(instance, number);
      }
    }
    if (Insn::Pc(regs) == real) {
      Insn::SetPc(regs, next);  // the stub of who jumped here, first
    }
    ebpf_port_irq_restore(interrupts);
  }

  static EnteredCall ReadCall(const machine::PtRegs& regs) {
    return {Insn::Pc(regs), Frame::Sp(regs), Frame::ReturnAddress(regs)};
  }

 private:
  /// A function leaves sp where it was, but for parts of prologues and
  /// epilogues that compilers make functions of. Another call's frame is
  /// elsewhere: on another stack.
  static constexpr uint64_t kMaxShift = 1024;

  /// Whether the instance's last call was made with `sp`, give or take `shift`:
  /// 0 for a second return, which is with sp just as it was, since on the same
  /// stack others had the instance after that call.
  static EBPF_NOPROBE_INLINE bool IsFrameOf(const ReturnInstance& instance,
                                            uint64_t sp, uint64_t shift) {
    const uint64_t frame = instance.frame.Load(kRelaxed);
    return sp - frame + shift <= 2 * shift;
  }

  /// machine::RealReturnAddress, here.
  static EBPF_NOPROBE_INLINE uint64_t Resolve(uint64_t address) {
    const auto begin = reinterpret_cast<uintptr_t>(ebpf_return_stubs);
    for (uint32_t i = 0; i < machine::kReturnStubCount; ++i) {
      const uint64_t number = (address - begin) / machine::kReturnStubSize;
      if (number >= machine::kReturnStubCount) {
        break;
      }
      address = ReturnPool::At(static_cast<uint32_t>(number)).return_address;
    }
    return address;
  }

  static EBPF_NOPROBE_INLINE void Deliver(ProbeCpu& cpu,
                                          ReturnInstance& instance,
                                          machine::PtRegs& regs,
                                          uint64_t return_address) {
    const uintptr_t hook =
        instance.hook.FetchOr(ReturnInstance::kBusy, kAcquire);
    if (hook == 0) {
      // Cancelled.
    } else if (cpu.in_consumers.is_open()) {
      reinterpret_cast<ReturnHook*>(hook)->CountMissed();
    } else {
      cpu.in_consumers.Open();
      ebpf_return_run(&instance, &regs, return_address);
      cpu.in_consumers.Close();
    }
    // Releases the hook: pairs with the acquire in ReturnPool::Cancel.
    instance.hook.Store(0, kRelease);
  }
};

}  // namespace ebpf
