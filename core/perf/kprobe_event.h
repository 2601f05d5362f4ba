// SPDX-License-Identifier: MIT
//
// A perf event on a kprobe: counts its hits and runs a program.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/string_view.h"
#include "core/memory/allocator.h"
#include "core/memory/ref_counted.h"
#include "core/probes/kprobe.h"
#include "core/program/program.h"

namespace ebpf {

/// Which hits an event counts. Programs run on all of them, as in Linux.
struct EventScope {
  int32_t pid = -1;  // one thread, or -1: all
  int32_t cpu = -1;  // one CPU, or -1: all
};

/// Where an event's probe stands: AttachKprobe's arguments.
struct EventTarget {
  StringView symbol;  // empty: `address` says where
  uint64_t address = 0;
  uint64_t offset = 0;
};

/// Context of what is not said otherwise: task.
class KprobeEvent final : public RefCounted<KprobeEvent>,
                          public KprobeConsumer {
 public:
  /// An event that is not enabled. What AttachKprobe says: an address that
  /// cannot be probed is refused here. kNoMemory.
  static Result<Ref<KprobeEvent>> Create(const EventTarget& target,
                                         EventScope scope,
                                         Allocator& allocator);

  /// Plants the breakpoint, or takes it away; nothing when it is so already.
  /// What Kprobe::Enable says.
  Status Enable() { return probe_->Enable(); }
  void Disable() { probe_->Disable(); }

  /// The program for every hit from now on; kExists when there is one,
  /// kInvalid when it is not for kprobes.
  Status SetProgram(Ref<Program> program);

  /// Hits counted while the event was enabled: those in its scope that no
  /// program filtered out by returning 0. Context: any.
  uint64_t count() const { return count_.Load(kRelaxed); }
  void ResetCount() { count_.Store(0, kRelaxed); }

  /// KprobeConsumer. Context: any.
  void Hit(machine::PtRegs& regs) override;

 private:
  friend class Allocator;
  friend class RefCounted<KprobeEvent>;

  KprobeEvent(EventScope scope, Allocator& allocator)
      : scope_(scope), allocator_(allocator) {}
  void Destroy();

  bool InScope() const;

  const EventScope scope_;
  Allocator& allocator_;
  /// Made before the event is handed out, never changed.
  Ref<Kprobe> probe_;
  /// Set once; the reference is given back when no hit can run any more.
  Atomic<Program*> program_{nullptr};
  Atomic<uint64_t> count_{0};
};

}  // namespace ebpf
