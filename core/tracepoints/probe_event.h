// SPDX-License-Identifier: MIT
//
// Probes with a name: an event like a tracepoint, at places of the kernel's
// text that lines of kprobe_events chose.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/machine/register_names.h"
#include "core/memory/allocator.h"
#include "core/sync/mutex.h"
#include "core/tracepoints/consumer_lists.h"
#include "core/tracepoints/event_probe.h"
#include "core/tracepoints/probe_definition.h"
#include "core/tracepoints/trace_event.h"

namespace ebpf {

/// What a probe tells of a hit.
struct ProbeHit {
  const ProbeDefinition& definition;
  machine::PtRegs& regs;
  FetchSource source;           // of these registers
  const uint64_t (&places)[2];  // as the record's first fields have them
  HitPlace place;
};

/// Context of what is not said otherwise: task.
class ProbeEvent final : public TraceEvent {
 public:
  /// Its names and fields are those of `first`, which it takes over. kNoMemory,
  /// and `first` is the caller's. The caller makes it known, and Deletes it.
  static Result<ProbeEvent*> Create(EventProbe& first, Allocator& allocator);
  /// Takes Create back: the probe is the caller's again.
  void Undo();
  /// Nobody uses it, or finds it any more: waits until nobody holds it.
  void WaitForHolders() const;
  /// The same, and nobody holds it. Its probes go, too.
  void Delete();

  /// One more, whose fields are the same, and which it takes over. What
  /// EventProbe::Enable says; kInvalid: functions may be made to return by
  /// programs on it, but not that one. `probe` is the caller's then.
  Status AddProbe(EventProbe& probe);
  /// Deletes a probe that is not its only one, wanted or not.
  void RemoveProbe(EventProbe& probe);
  bool HasOthers() const;

  const ProbeDefinition& definition() const { return *definition_; }

  // TraceEvent.
  StringView system() const override { return definition_->group(); }
  StringView name() const override { return definition_->event(); }
  Span<const EventField> fields() const override { return fields_; }
  StringView print_format() const override {
    return {print_format_.data(), print_format_.size()};
  }
  bool is_probe() const override { return true; }
  void DescribePlace(ProbePlace& place) const override;
  Status AllowOverride() override;
  Status AddConsumer(RecordConsumer& consumer) override;
  void RemoveConsumer(RecordConsumer& consumer) override;
  void Hold() override { holds_.FetchAdd(1, kRelaxed); }
  void Release() override { holds_.FetchSub(1, kRelease); }

  /// One of its probes was hit. Context: any, in a read section.
  void Tell(const ProbeHit& hit);

 private:
  friend class Allocator;

  /// Who wants records; and, second, those of them that RunsPrograms: what
  /// programs do to registers, nobody else sees.
  using Consumers =
      ConsumerLists<RecordConsumer, RecordConsumer, &record_nobody>;

  explicit ProbeEvent(Allocator& allocator) : allocator_(allocator) {}
  ~ProbeEvent() = default;

  Status Init(EventProbe& first);
  Status MakeFields(const ProbeDefinition& of);
  Status MakePrintFormat(const ProbeDefinition& of);
  void TellOne(RecordConsumer& one, const ProbeHit& hit,
               const EventPlace& place, size_t& size);
  Status Add(RecordConsumer& consumer);
  void Remove(const RecordConsumer& consumer);
  Status EnableProbes() EBPF_REQUIRES(mutex_);
  void DisableProbes(const EventProbe* end) EBPF_REQUIRES(mutex_);

  Allocator& allocator_;
  /// The first probe's, which may be gone.
  ProbeDefinition* definition_ = nullptr;
  /// "__data_loc char[][2]"; one for each argument.
  struct TypeName {
    char text[24];
  };
  Span<EventField> fields_;
  Span<TypeName> type_names_;
  Span<char> print_format_;
  Atomic<uint32_t> holds_{0};
  mutable Mutex mutex_;
  EventProbe* probes_ EBPF_GUARDED_BY(mutex_) = nullptr;  // the oldest
  bool allows_override_ EBPF_GUARDED_BY(mutex_) = false;
  uint32_t users_ EBPF_GUARDED_BY(mutex_) = 0;
  Atomic<Consumers*> consumers_{nullptr};  // changed under the mutex
};

}  // namespace ebpf
