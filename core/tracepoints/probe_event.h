// SPDX-License-Identifier: MIT
//
// A probe with a name: an event like a tracepoint, at a place of the kernel's
// text that a line of kprobe_events chose.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/machine/register_names.h"
#include "core/memory/allocator.h"
#include "core/probes/kprobe.h"
#include "core/probes/return_hook.h"
#include "core/sync/mutex.h"
#include "core/tracepoints/probe_definition.h"
#include "core/tracepoints/trace_event.h"

namespace ebpf {

/// Context of what is not said otherwise: task.
class ProbeEvent final : public TraceEvent,
                         public KprobeConsumer,
                         public ReturnConsumer {
 public:
  /// What ProbeDefinition::Parse, AttachKprobe and ReturnHook::Prepare say.
  /// The caller makes it known, and Deletes it.
  static Result<ProbeEvent*> Create(StringView line,
                                    const machine::RegisterNames& registers,
                                    ProbeError& error, Allocator& allocator);
  /// Nobody holds it, or finds it any more.
  void Delete();

  const ProbeDefinition& definition() const { return definition_; }
  /// Hits of the time in which somebody wanted them. Context: any.
  uint64_t hits() const { return hits_.Load(kRelaxed); }
  uint64_t missed() const { return probe_->missed() + hook_.missed(); }

  // TraceEvent.
  StringView system() const override { return definition_.group(); }
  StringView name() const override { return definition_.event(); }
  Span<const EventField> fields() const override { return fields_; }
  StringView print_format() const override {
    return {print_format_.data(), print_format_.size()};
  }
  bool is_probe() const override { return true; }
  ProbePlace probe_place() const override;
  Status AddConsumer(RecordConsumer& consumer) override;
  void RemoveConsumer(RecordConsumer& consumer) override;
  void Hold() override { holds_.FetchAdd(1, kRelaxed); }
  void Release() override { holds_.FetchSub(1, kRelease); }
  bool is_held() const override { return holds_.Load(kAcquire) != 0; }

  /// KprobeConsumer. Context: any.
  void Hit(machine::PtRegs& regs) override;
  /// ReturnConsumer. Context: any.
  void Returned(machine::PtRegs& regs, const ReturnedCall& call) override;

  // The list of all, under its lock.
  ProbeEvent* next = nullptr;
  uint64_t number = 0;  // grows along the list

 private:
  friend class Allocator;

  /// Who wants records; an array that is replaced.
  struct alignas(uint64_t) Consumers {  // the pointers follow it
    uint32_t capacity;
    Atomic<RecordConsumer*>* places() {
      return reinterpret_cast<Atomic<RecordConsumer*>*>(this + 1);
    }
  };
  static_assert(sizeof(Consumers) == sizeof(uint64_t));

  ProbeEvent(const machine::RegisterNames& registers, Allocator& allocator)
      : registers_(registers), allocator_(allocator), definition_(allocator) {}
  ~ProbeEvent() = default;

  Status Init(StringView line, ProbeError& error);
  Status MakeFields();
  Status MakePrintFormat();
  void PutPrintFormat(TextWriter& writer) const;
  Consumers* MakeConsumers(size_t capacity);
  void FreeConsumers(Consumers* consumers);
  void Tell(const machine::PtRegs& regs, const uint64_t (&places)[2]);
  void TellOne(RecordConsumer& consumer, const EventPlace& place,
               const uint64_t (&places)[2], size_t size);

  const machine::RegisterNames& registers_;
  Allocator& allocator_;
  ProbeDefinition definition_;
  /// "__data_loc char[][2]"; one for each argument.
  struct TypeName {
    char text[24];
  };
  Span<EventField> fields_;
  Span<TypeName> type_names_;
  Span<char> print_format_;
  ReturnHook hook_{*this};
  Ref<Kprobe> probe_;  // of this, or of the hook
  Atomic<uint32_t> holds_{0};
  Atomic<uint64_t> hits_{0};
  Mutex mutex_;
  uint32_t users_ EBPF_GUARDED_BY(mutex_) = 0;
  Atomic<Consumers*> consumers_{nullptr};  // changed under the mutex
};

}  // namespace ebpf
