// SPDX-License-Identifier: MIT
//
// How records get into a trace: the rings, and the names of their tasks.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/atomic.h"
#include "core/platform/time.h"
#include "core/tracepoints/saved_cmdlines.h"
#include "core/tracepoints/trace_buffer.h"
#include "core/tracepoints/trace_event.h"

namespace ebpf {

/// Context of what says nothing else: any, on that CPU, in a read section and
/// with preemption off.
class TraceWriter : public NonCopyable {
 public:
  constexpr TraceWriter() = default;

  /// Before anything is written. Context: task.
  void SetBuffer(TraceBuffer& buffer) { buffer_ = &buffer; }
  /// Where names are kept from now on, or null. Context: task.
  void SetCmdlines(SavedCmdlines* cmdlines) {
    cmdlines_.Store(cmdlines, kRelease);  // pairs with the acquire in Finish
  }

  /// A record of `size` bytes of event `id` that happens now: `fill(record)`
  /// makes what is behind its header. Inlined where many records are made, and
  /// all of it is on the way of each.
  template <typename Fill>
  [[gnu::always_inline]] void Write(uint16_t id, size_t size, CpuContext where,
                                    const Fill& fill) {
    const uint32_t cpu = where.cpu;
    TraceRing* const ring = buffer_->OpenRing(cpu);
    if (__builtin_expect(ring == nullptr, 0)) {
      buffer_->Refuse(cpu);
      return;
    }
    const EventHeader header = MakeEventHeader(id, where.context);
    const uint64_t time = ebpf_port_time_ns();
    // Here and not at the end, as in Commit: what is needed then only does not
    // have to be kept while the record is filled.
    Note(header, time, cpu);
    TraceRecord* const record =
        ring->Reserve(static_cast<uint32_t>(size), time);
    if (__builtin_expect(record == nullptr, 0)) {
      return;
    }
    __builtin_memcpy(record->payload(), &header, sizeof(header));
    fill(record->payload());
    TraceRing::Commit(record);
    buffer_->notifier().NotifyInSection();
  }

  /// The same where `wants(record)` says whether it is kept. One that is not
  /// wanted and finds no room counts as lost.
  template <typename Fill, typename Wants>
  [[gnu::always_inline]] void WriteWanted(uint16_t id, size_t size,
                                          CpuContext where, const Fill& fill,
                                          const Wants& wants) {
    const uint32_t cpu = where.cpu;
    TraceRing* const ring = buffer_->OpenRing(cpu);
    if (__builtin_expect(ring == nullptr, 0)) {
      buffer_->Refuse(cpu);
      return;
    }
    TraceRecord* const record =
        ring->Reserve(static_cast<uint32_t>(size), ebpf_port_time_ns());
    if (__builtin_expect(record == nullptr, 0)) {
      return;
    }
    uint8_t* const payload = record->payload();
    const EventHeader header = MakeEventHeader(id, where.context);
    __builtin_memcpy(payload, &header, sizeof(header));
    fill(payload);
    if (!wants(payload)) {
      TraceRing::Discard(record);
      return;
    }
    Note(header, record->time, cpu);
    TraceRing::Commit(record);
    buffer_->notifier().NotifyInSection();
  }

  /// The same in two steps: room for a record, header and all, or null; then
  /// Commit or Discard.
  void* Reserve(size_t size, uint32_t cpu);
  void Commit(void* record, uint32_t cpu);
  static void Discard(void* record) { TraceBuffer::Discard(record); }

 private:
  [[gnu::always_inline]] void Note(const EventHeader& header, uint64_t time,
                                   uint32_t cpu) const {
    // Pairs with the release in SetCmdlines.
    SavedCmdlines* const cmdlines = cmdlines_.Load(kAcquire);
    if (cmdlines != nullptr) {
      cmdlines->Note(static_cast<uint32_t>(header.pid), time, cpu);
    }
  }

  TraceBuffer* buffer_ = nullptr;
  Atomic<SavedCmdlines*> cmdlines_{nullptr};
};

}  // namespace ebpf
