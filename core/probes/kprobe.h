// SPDX-License-Identifier: MIT
//
// Kprobes: code run where a kernel function's instruction is reached.
// README.md tells how to use them, DESIGN.md how a probe lives and dies.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/span.h"
#include "core/base/status.h"
#include "core/base/string_view.h"
#include "core/machine/machine_ops.h"
#include "core/machine/pt_regs.h"
#include "core/memory/allocator.h"
#include "core/memory/ref_counted.h"

namespace ebpf {

/// What a consumer tells for lists of probes.
struct ConsumerInfo {
  bool follows_returns = false;  // a kretprobe
  uint64_t missed = 0;           // besides Kprobe::missed
};

/// What happens at a hit. Outlives its Kprobe's Detach.
class KprobeConsumer {
 public:
  /// The probed instruction is about to run; the pc of `regs` is its address.
  /// A changed pc is gone on at instead, the instruction then does not run.
  /// Runs in a read section, with interrupts masked; probes hit meanwhile on
  /// this CPU are missed. Context: any.
  virtual void Hit(machine::PtRegs& regs) = 0;

  /// By default a kprobe of something that keeps no counts. Under the
  /// registry's mutex. Context: task.
  virtual ConsumerInfo Info() const { return {}; }

  /// Whether calls are followed from there: only entries of functions will do.
  bool follows_returns() const { return follows_returns_; }

  /// Where true, the consumers behind it do not get hits whose pc it changed.
  /// Context: any.
  bool may_divert() const { return may_divert_.Load(kRelaxed); }

 protected:
  constexpr explicit KprobeConsumer(bool follows_returns = false)
      : follows_returns_(follows_returns) {}
  ~KprobeConsumer() = default;

  /// Before Hit changes a pc. Context: task.
  void SetMayDivert(bool may) { may_divert_.Store(may, kRelaxed); }

 private:
  const bool follows_returns_;
  Atomic<bool> may_divert_{false};
};

class ProbeSite;

/// One consumer at one instruction. Context of all that is not said otherwise:
/// task. Its last reference detaches it.
class Kprobe : public RefCounted<Kprobe> {
 public:
  /// Puts the breakpoint there, or takes part in the one that is. kBusy: the
  /// text could not be changed now, and is as before; kIo: somebody else
  /// changed it; kInvalid: detached already. Nothing happens where it is
  /// enabled already.
  Status Enable();

  /// The consumer's hits end (some may still be running); the breakpoint goes
  /// when no other consumer wants it.
  void Disable();

  /// As Disable, for good: after it the consumer's Hit runs nowhere.
  void Detach();

  bool enabled() const { return active_.Load(kRelaxed); }
  uint64_t address() const { return address_; }

  /// Hits that the consumer did not get, because the CPU was inside a hit
  /// already. Context: any.
  uint64_t missed() const { return missed_.Load(kRelaxed); }

 private:
  friend class RefCounted<Kprobe>;
  friend class Allocator;
  friend class ProbeSite;
  friend class ProbeRegistry;

  Kprobe(KprobeConsumer& consumer, uint64_t address)
      : consumer_(consumer), address_(address) {}
  ~Kprobe() = default;

  void Destroy();

  Atomic<bool> active_{false};
  // Under the registry's mutex: this call of Enable made it active.
  bool newly_active_ = false;
  KprobeConsumer& consumer_;
  const uint64_t address_;
  Atomic<uint64_t> missed_{0};
  // At its site. Who stands on a probe that was detached still finds the next.
  Atomic<Kprobe*> next_{nullptr};
  // The registry's, under its mutex.
  ProbeSite* site_ = nullptr;  // null: detached
  uint64_t detached_at_ = 0;   // which detachment it was
  Kprobe* next_dead_ = nullptr;
};

/// Makes a probe, disabled, for the instruction at `symbol` + `offset`, or,
/// where `symbol` is empty, at `address` + `offset`.
///
/// kNotFound: no such function, or the address is in none.
/// kAddressNotAvailable: several are called so. kBadSequence: inside an
/// instruction. kInvalid: beyond the function, or returns cannot be followed
/// from there, or it is what may not or cannot be probed (a line in the log
/// says what). kNotSupported: the port has no tier T1. kNoMemory.
/// Context: task.
Result<Ref<Kprobe>> AttachKprobe(StringView symbol, uint64_t address,
                                 uint64_t offset, KprobeConsumer& consumer);

/// Whether AttachKprobe could make a probe for the instruction at `address`,
/// but for memory: kOk, or its error, with AttachKprobe's line in the log where
/// `say_why`, and with none for those who look for functions that can be
/// probed. Context: task.
Status CheckKprobe(uint64_t address, bool say_why = false);

/// From now on there is no new probe: kNotSupported, and `why`, which stays
/// valid, in the log at the first that is asked for. Null: there may be. For
/// who has seen that the port's traps are wrong. Context: task.
void RefuseKprobes(const char* why);

/// Makes a probe of `consumer`'s, disabled, for the instruction at each of
/// `addresses`, all or none: AttachKprobe's errors, of the first that cannot
/// be. `probes` has as many places, which are empty. An address that is named
/// twice is hit twice. Takes time that grows with the number of addresses, no
/// more. Context: task.
Status AttachKprobes(Span<const uint64_t> addresses, KprobeConsumer& consumer,
                     Span<Ref<Kprobe>> probes);

/// As Enable for each, all or none; the text changes in one rendezvous for each
/// kMaxTextPatches, so that first hits come before the last one's breakpoint
/// stands. Where it fails, what was written is taken back (where that fails,
/// too, because a CPU stopped coming, breakpoints stay for nobody until the end
/// of their sites). No probe is named twice. Context: task.
Status EnableKprobes(Span<const Ref<Kprobe>> probes);

/// As Disable for each. Context: task.
void DisableKprobes(Span<const Ref<Kprobe>> probes);

/// As Detach for each, with one wait for all; empty places are passed over.
/// Context: task.
void DetachKprobes(Span<const Ref<Kprobe>> probes);

/// Before the first probe. `ops` is the running CPU's. Context: task, once, or
/// again after ExitProbes.
Status InitProbes(const machine::MachineOps& ops, Allocator& allocator);

/// Gives back what InitProbes and dead probes hold. There is no Kprobe left.
/// False: a breakpoint that cannot be taken away even now (a CPU does not come)
/// stays with all that it needs, read sections among it. Context: task.
bool ExitProbes();

/// The breakpoint trap's hook, taken in kernel mode: true if the trap is ours,
/// `regs` then say how to go on; false, with `regs` untouched, if it is not.
///
/// Interrupts are masked before the call and until the trap's return gives them
/// back from `regs`: `regs` may lead into a slot, and a CPU with interrupts on
/// would let that slot be freed. (A gate that leaves them on masks them first.)
/// Defined by arch/<isa>/machine, in ebpf_noprobe. Context: trap, before
/// anything that a probe may stand on.
bool OnBreakpoint(machine::PtRegs& regs);

/// The hook of page faults (and others that an instruction can raise) taken in
/// kernel mode, before the kernel's own handling: true if an instruction in a
/// slot faulted; `regs` are then as if it had faulted at its own place, where
/// the kernel's handler must see it. Interrupts are masked, as by the trap.
/// Defined as OnBreakpoint. Context: trap.
bool OnFault(machine::PtRegs& regs);

/// Where code that goes on at `pc` would go on, were the probed instruction not
/// in a slot: for whoever shows where a CPU or a task was interrupted. `pc` if
/// it is in no slot. Context: any.
uint64_t OriginalPc(uint64_t pc);

}  // namespace ebpf
