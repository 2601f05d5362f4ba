// SPDX-License-Identifier: MIT
//
// Kretprobes: code run where a call of a function returns. A ReturnHook is the
// consumer of kprobes at functions' entries; README.md and DESIGN.md tell how
// the return of each call is found again.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/noprobe.h"
#include "core/base/status.h"
#include "core/base/types.h"
#include "core/machine/pt_regs.h"
#include "core/probes/kprobe.h"

namespace ebpf {

/// What is known of a call when it returns.
struct ReturnedCall {
  uint64_t return_address;  // to which it returns, never a trampoline
  uint64_t function;        // its entry: where the kprobe stood
  uint64_t data;            // what Entered kept; 0 where nobody is told
};

/// What happens at a call's return. Outlives the hook's Cancel.
class ReturnConsumer {
 public:
  /// The call returned: `regs` are those right behind the call, the pc is
  /// `call.return_address` and sp is the caller's. What is changed in `regs`
  /// is so for the caller. Runs in a read section, with interrupts masked;
  /// probes and returns met meanwhile on this CPU are missed. Context: any.
  virtual void Returned(machine::PtRegs& regs, const ReturnedCall& call) = 0;

  /// As KprobeConsumer::Info: hits are returns.
  virtual ConsumerInfo Info() const { return {}; }

 protected:
  ~ReturnConsumer() = default;
};

/// What happens at a call, too.
class CallConsumer : public ReturnConsumer {
 public:
  /// A function is entered; the pc of `regs` is its address. False: this call's
  /// return is of no interest. What is put into `data` is there again at the
  /// return; at first it is a number below machine::kReturnStubCount that no
  /// other call under way has. Not called for a call whose return will be
  /// missed for want of an instance. Runs as KprobeConsumer::Hit; may make the
  /// function return at once (machine::ReturnAtOnce), which is then followed,
  /// too. Context: any.
  virtual bool Entered(machine::PtRegs& regs, uint64_t& data) = 0;

 protected:
  ~CallConsumer() = default;
};

/// Follows calls to their returns. May be the consumer of any number of
/// kprobes, all at entries of functions (offset 0). Outlives its kprobes.
///
/// To end: detach the kprobes, then Cancel, then it may be freed.
class ReturnHook final : public KprobeConsumer, public NonCopyable {
 public:
  constexpr explicit ReturnHook(ReturnConsumer& consumer)
      : KprobeConsumer(true), consumer_(consumer) {}
  explicit ReturnHook(CallConsumer& consumer)
      : KprobeConsumer(true), consumer_(consumer), calls_(&consumer) {}

  /// Makes the instances that all hooks share, unless they are there; before a
  /// hook's first kprobe is enabled (without them every return is missed).
  /// kNoMemory; kNotSupported: there are no probes. Context: task.
  static Status Prepare();

  /// Its kprobes are detached. After this the consumer's Returned runs nowhere;
  /// calls under way still return, unseen. Allocates nothing and cannot fail.
  /// Context: task, not in a consumer.
  void Cancel();

  /// The stack [begin, end) is not run on any more: the calls on it that have
  /// not returned never will. How many there were. Context: any.
  static uint32_t ForgetCalls(uint64_t begin, uint64_t end);

  /// Returns that the consumer did not get: no instance was free at the call,
  /// or the return came inside of another hit. Context: any. (A hit missed at
  /// the entry is in Kprobe::missed.)
  uint64_t missed() const { return missed_.Load(kRelaxed); }

  /// Tells `calls`, too, of calls. Before its first kprobe. Context: task.
  void TellOfCalls(CallConsumer& calls) { calls_ = &calls; }

  /// Before its consumer's Entered changes a pc (to a return). Context: task.
  using KprobeConsumer::SetMayDivert;

  /// KprobeConsumer. Defined by arch/<isa>/machine. Context: any.
  void Hit(machine::PtRegs& regs) override;
  ConsumerInfo Info() const override {
    ConsumerInfo info = consumer_.Info();
    info.follows_returns = true;
    info.missed = missed();
    return info;
  }

  // For the ways of a call and of a return.
  CallConsumer* calls() const { return calls_; }
  void Tell(machine::PtRegs& regs, const ReturnedCall& call);
  EBPF_NOPROBE_INLINE void CountMissed() { missed_.FetchAdd(1, kRelaxed); }

 private:
  ReturnConsumer& consumer_;
  CallConsumer* calls_ = nullptr;  // the same, if it wants to know
  Atomic<uint64_t> missed_{0};
};

}  // namespace ebpf
