// SPDX-License-Identifier: MIT
//
// A perf event on a kprobe: counts its hits and runs a program.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/memory/allocator.h"
#include "core/memory/ref_counted.h"
#include "core/probes/kprobe.h"
#include "core/program/program.h"
#include "core/sync/mutex.h"

namespace ebpf {

/// Which hits an event counts. Programs run on all of them, as in Linux.
struct EventScope {
  int32_t pid = -1;  // one thread, or -1: all
  int32_t cpu = -1;  // one CPU, or -1: all
};

/// Context of what is not said otherwise: task.
class KprobeEvent final : public RefCounted<KprobeEvent>,
                          public KprobeConsumer {
 public:
  /// Plants the probe at `address`, and takes it away again if the event is not
  /// to be `enabled` yet: so an address that cannot be probed is refused here.
  /// What AttachKprobe says; kNoMemory.
  static Result<Ref<KprobeEvent>> Create(uint64_t address, EventScope scope,
                                         bool enabled, Allocator& allocator);

  /// Plants the breakpoint, or takes it away; nothing when it is so already.
  /// What AttachKprobe says.
  Status Enable();
  void Disable();

  /// The program for every hit from now on; kExists when there is one,
  /// kInvalid when it is not for kprobes.
  Status SetProgram(Ref<Program> program);

  /// Hits counted while the event was enabled. Context: any.
  uint64_t count() const { return count_.Load(kRelaxed); }
  void ResetCount() { count_.Store(0, kRelaxed); }

  /// KprobeConsumer. Context: trap.
  void Hit(machine::PtRegs& regs) override;

 private:
  friend class Allocator;
  friend class RefCounted<KprobeEvent>;

  KprobeEvent(uint64_t address, EventScope scope, Allocator& allocator)
      : address_(address), scope_(scope), allocator_(allocator) {}
  void Destroy();

  const uint64_t address_;
  const EventScope scope_;
  Allocator& allocator_;
  Mutex mutex_;
  bool enabled_ EBPF_GUARDED_BY(mutex_) = false;
  /// Set once; the reference is given back when no hit can run any more.
  Atomic<Program*> program_{nullptr};
  Atomic<uint64_t> count_{0};
};

}  // namespace ebpf
