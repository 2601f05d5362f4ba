// SPDX-License-Identifier: MIT
//
// A perf event on a kprobe or a kretprobe: counts its hits, or the returns, and
// runs a program.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/string_view.h"
#include "core/memory/allocator.h"
#include "core/memory/ref_counted.h"
#include "core/perf/perf_event.h"
#include "core/probes/kprobe.h"
#include "core/probes/return_hook.h"
#include "core/program/program.h"
#include "core/sync/mutex.h"

namespace ebpf {

/// Where an event's probe stands: AttachKprobe's arguments.
struct EventTarget {
  StringView symbol;  // empty: `address` says where
  uint64_t address = 0;
  uint64_t offset = 0;
  bool returns = false;  // not when it is entered, but when it returns
};

/// Context of what is not said otherwise: task.
class KprobeEvent final : public PerfEvent,
                          public KprobeConsumer,
                          public ReturnConsumer {
 public:
  /// An event that is not enabled. What AttachKprobe says: an address that
  /// cannot be probed is refused here. kInvalid: returns of what is not a
  /// function's entry. kNoMemory.
  static Result<Ref<KprobeEvent>> Create(const EventTarget& target,
                                         EventScope scope,
                                         Allocator& allocator);

  /// Plants the breakpoint, or takes it away; nothing when it is so already.
  /// What Kprobe::Enable says.
  Status Enable() override;
  void Disable() override;

  /// The program for every hit from now on; kExists when there is one,
  /// kInvalid when it is not for kprobes, or overrides the function's return
  /// where the kernel does not allow it.
  Status SetProgram(Ref<Program> program, uint64_t cookie) override;
  void ClearProgram() override;
  Ref<Program> program() const override;
  EventDescription Describe() const override;

  /// Hits counted while the event was enabled: those in its scope that no
  /// program filtered out by returning an even number. Context: any.
  uint64_t count() const override { return count_.Load(kRelaxed); }
  void ResetCount() override { count_.Store(0, kRelaxed); }

  // ArrayedEvent.
  Status Output(ConstBytes data, const machine::PtRegs* regs) override;
  Result<CounterReading> ReadCounter() const override;

  /// KprobeConsumer. Context: any.
  void Hit(machine::PtRegs& regs) override;
  /// ReturnConsumer. Context: any.
  void Returned(machine::PtRegs& regs, const ReturnedCall& call) override;

 private:
  friend class Allocator;

  KprobeEvent(bool returns, EventScope scope, Allocator& allocator)
      : returns_(returns), scope_(scope), allocator_(allocator) {}
  ~KprobeEvent() = default;
  void Destroy() override;

  bool RunProgram(machine::PtRegs& regs) const;
  void Count(bool passed);

  const bool returns_;
  const EventScope scope_;
  Allocator& allocator_;
  /// The probe's consumer, where returns are what counts.
  ReturnHook hook_{*this};
  /// Made before the event is handed out, never changed; then is_made_.
  Ref<Kprobe> probe_;
  Atomic<bool> is_made_{false};
  /// The reference is given back when no hit can run any more.
  Atomic<Program*> program_{nullptr};
  Atomic<uint64_t> cookie_{0};
  RunOrigin origin_;  // of its runs
  /// Held while those change.
  mutable Mutex program_mutex_;
  Atomic<uint64_t> count_{0};
};

}  // namespace ebpf
