// SPDX-License-Identifier: MIT
//
// The ways of a followed call and of its return, for arch/<isa>/machine/trap.cc
// to make functions of. What a return takes is all in ebpf_noprobe.
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
  /// ReturnHook::Hit, in which the CPU's guard is set.
  static inline void OnCall(ReturnHook& hook, machine::PtRegs& regs) {
    ReturnInstance* instance = return_pool.Take();
    if (__builtin_expect(instance == nullptr || hook.calls() != nullptr, 0)) {
      OnSeldomCall(hook, instance, regs);
      return;
    }
    ReturnPool::Begin(*instance, hook, CallOf(regs), 0);
    Frame::SetReturnAddress(regs, instance->stub);
  }

  /// ebpf_return_hit, interrupts masked: the guard is the CPU's; and what is
  /// found is not freed meanwhile, as in ProbeTrap. No trap: the stub was
  /// returned to.
  static EBPF_NOPROBE_INLINE uint64_t OnReturn(machine::PtRegs& regs,
                                               ReturnInstance& instance) {
    const uint32_t id = ebpf_port_cpu_id();
    ProbeCpu* cpus = probe_shared.cpus.Load(kAcquire);
    if (__builtin_expect(cpus == nullptr, 0)) {
      ebpf_return_lost();  // there are no calls any more
    }
    ProbeCpu& cpu = cpus[id];
    if (__builtin_expect(cpu.in_consumers.is_open(), 0)) {
      return ebpf_return_seldom(&regs, &instance, TakeOwner(instance), nullptr);
    }
    // Before the hook is taken: Cancel waits for who has taken it.
    cpu.in_consumers.Open();
    const uintptr_t owner = TakeOwner(instance);
    const uint64_t next = instance.call.return_address;
    if (__builtin_expect(owner <= ReturnInstance::kNobody || IsStub(next) ||
                             !IsNearFrameOf(instance, regs),
                         0)) {
      return ebpf_return_seldom(&regs, &instance, owner, &cpu);
    }
    Frame::SetReturned(regs, next);
    ebpf_return_run(reinterpret_cast<ReturnHook*>(owner), &regs,
                    &instance.call);
    cpu.in_consumers.Close();
    return_pool.GiveBack(instance);
    return Insn::Pc(regs);
  }

  /// ebpf_return_seldom.
  static EBPF_NOPROBE_INLINE uint64_t OnSeldomReturn(machine::PtRegs& regs,
                                                     ReturnInstance& instance,
                                                     uintptr_t owner,
                                                     ProbeCpu* cpu) {
    // For a second return sp is just as it was, since on the same stack others
    // had the instance after that call.
    if (owner != 0 ? !IsNearFrameOf(instance, regs)
                   : DistanceToFrameOf(instance, regs) != 0) {
      ebpf_return_lost();  // what it says may be probed: the guard is set
    }
    const uint64_t next = instance.call.return_address;
    const uint64_t real = Resolve(next);
    Frame::SetReturned(regs, real);
    if (owner > ReturnInstance::kNobody) {
      auto* hook = reinterpret_cast<ReturnHook*>(owner);
      if (cpu == nullptr) {
        hook->CountMissed();
      } else {
        const ReturnedCall call = {real, instance.call.function,
                                   instance.call.data};
        ebpf_return_run(hook, &regs, &call);
      }
    }
    if (cpu != nullptr) {
      cpu->in_consumers.Close();
    }
    if (owner != 0) {
      return_pool.GiveBack(instance);
    }
    // The stub of who jumped here comes first.
    return Insn::Pc(regs) == real ? next : Insn::Pc(regs);
  }

 private:
  /// A function leaves sp where it was, but for parts of prologues and
  /// epilogues that compilers make functions of. Another call's frame is
  /// elsewhere: on another stack.
  static constexpr uint64_t kMaxShift = 1024;  // and as far upwards, less one

  static inline EnteredCall CallOf(const machine::PtRegs& regs) {
    return {Insn::Pc(regs), Frame::Sp(regs), Frame::ReturnAddress(regs)};
  }

  [[gnu::noinline]] static void OnSeldomCall(ReturnHook& hook,
                                             ReturnInstance* instance,
                                             machine::PtRegs& regs) {
    const EnteredCall call = CallOf(regs);
    if (instance == nullptr) {
      instance = return_pool.TakeLeft(call);
    }
    if (instance == nullptr) {
      hook.CountMissed();
      return;
    }
    uint64_t data = hook.calls() == nullptr
                        ? 0
                        : static_cast<uint64_t>(instance - &ReturnPool::At(0));
    if (hook.calls() != nullptr && !hook.calls()->Entered(regs, data)) {
      return_pool.GiveBack(*instance);
      return;
    }
    ReturnPool::Begin(*instance, hook, call, data);
    Frame::SetReturnAddress(regs, instance->stub);
  }

  /// Whose the return is. From here on it is not in flight: not a store, for a
  /// task's end may have been told for another's stack, and then it is given
  /// back already.
  static EBPF_NOPROBE_INLINE uintptr_t TakeOwner(ReturnInstance& instance) {
    // Pairs with the release in ReturnPool::Begin.
    return instance.owner.Exchange(0, kAcquire);
  }

  /// From the sp with which the instance's last call was made to what `regs`
  /// say of this one.
  static EBPF_NOPROBE_INLINE uint64_t DistanceToFrameOf(
      const ReturnInstance& instance, const machine::PtRegs& regs) {
    return Frame::SpAtEntry(regs) - instance.frame.Load(kRelaxed);
  }
  static EBPF_NOPROBE_INLINE bool IsNearFrameOf(const ReturnInstance& instance,
                                                const machine::PtRegs& regs) {
    return (DistanceToFrameOf(instance, regs) + kMaxShift) / (2 * kMaxShift) ==
           0;
  }

  static EBPF_NOPROBE_INLINE uint64_t OffsetInStubs(uint64_t address) {
    return address - reinterpret_cast<uintptr_t>(ebpf_return_stubs);
  }
  static EBPF_NOPROBE_INLINE bool IsStub(uint64_t address) {
    return OffsetInStubs(address) <
           machine::kReturnStubCount * machine::kReturnStubSize;
  }

  /// machine::RealReturnAddress, here.
  static EBPF_NOPROBE_INLINE uint64_t Resolve(uint64_t address) {
    for (uint32_t i = 0; i < machine::kReturnStubCount && IsStub(address);
         ++i) {
      const uint64_t number = OffsetInStubs(address) / machine::kReturnStubSize;
      address =
          ReturnPool::At(static_cast<uint32_t>(number)).call.return_address;
    }
    return address;
  }
};

}  // namespace ebpf
