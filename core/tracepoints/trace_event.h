// SPDX-License-Identifier: MIT
//
// An event of the kernel's whose records somebody may want: a tracepoint, or a
// probe that was given a name. What trace files and perf events ask of both.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/bits.h"
#include "core/base/span.h"
#include "core/base/status.h"
#include "core/base/string_view.h"
#include "core/base/text_writer.h"
#include "core/machine/pt_regs.h"
#include "core/memory/this_context.h"
#include "core/platform/symbol_name.h"
#include "core/platform/task.h"
#include "core/tracepoints/event_field.h"

namespace ebpf {

/// What each record begins with: Linux's common fields (its
/// Documentation/trace/events.rst, "Event formats").
struct EventHeader {
  uint16_t type;  // the event's id
  uint8_t flags;  // Linux's
  uint8_t preempt_count;
  int32_t pid;
};
static_assert(sizeof(EventHeader) == 8);

/// Of a record of event `id` that the running task makes, on `cpu`; who makes
/// it has switched preemption off `held` times. Context: any, preemption off.
[[gnu::always_inline]] inline EventHeader MakeEventHeader(uint16_t id,
                                                          Context context) {
  // Two stores of a record's header, not four.
  const uint32_t words[] = {
      kLittleEndian ? id | context.word << 16
                    : uint32_t{id} << 16 | ByteSwap(context.word) >> 16,
      ebpf_port_task_pid()};
  EventHeader header;
  __builtin_memcpy(&header, words, sizeof(header));
  return header;
}
[[gnu::always_inline]] inline EventHeader MakeEventHeader(uint16_t id,
                                                          uint32_t cpu,
                                                          uint32_t held = 1) {
  return MakeEventHeader(id, ThisContext(cpu, held));
}

/// No record is longer.
inline constexpr size_t kMaxEventRecord = 2048;

/// Where an event happens.
struct EventPlace {
  uint32_t cpu;  // this one
  /// Of the context in which it happens, or null; of the process that called
  /// the kernel, where there is a frame, too.
  const machine::PtRegs* regs = nullptr;
  /// Of the function that the tracepoint's place calls, so its return address
  /// is there; 0: nobody knows.
  uint64_t frame = 0;

  /// The registers of a process, whose call this is; or null.
  const machine::PtRegs* process() const { return frame != 0 ? regs : nullptr; }
};

/// Of a probe's hit.
struct HitPlace {
  uint64_t function = 0;  // that was entered, or returned; 0: inside of one
  bool is_return = false;
};

class EventFilter;
class TraceWriter;
struct Tracepoint;

/// Gets an event's records. Outlives its place in the event's list.
class RecordConsumer {
 public:
  /// Who takes the records as they are, in place of what follows; or null. It
  /// may become another one at any time. Context: as Reserve's.
  TraceWriter* writer() const { return writer_.Load(kRelaxed); }
  /// Where that is null: which of them filtering_writer() takes, in place of
  /// what follows; or null. Context: as Reserve's.
  const EventFilter* filter() const {
    return filter_.Load(kAcquire);  // pairs with the release in ExchangeFilter
  }
  TraceWriter* filtering_writer() const { return filtering_writer_; }

  /// Where a record of `size` bytes shall be made, aligned to 8; null: it is
  /// not wanted. What was returned is given to Commit before the event goes on.
  /// In a read section with preemption off. Context: any.
  virtual void* Reserve(size_t size, const EventPlace& place) = 0;
  /// It is made, all of its `size` bytes. Context: as Reserve's.
  virtual void Commit(void* record, size_t size, const EventPlace& place) = 0;

  /// A tracepoint is passed: makes the record, if it is wanted. `frame`: as
  /// EventPlace's. By default by the two before. Context: as Reserve's.
  virtual void Tell(const Tracepoint& tracepoint, const uint64_t* arguments,
                    size_t size, CpuContext where, uint64_t frame) {
    TellInSteps(tracepoint, arguments, size, where, frame);
  }

  /// Whether it runs programs on a probe's hits, before there is a record:
  /// those come last. Context: task.
  virtual bool RunsPrograms() const { return false; }
  /// Runs them; whether it wants a record then. Where the event may be
  /// overridden, a changed pc is gone on at. Context: as Reserve's.
  virtual bool RunPrograms(machine::PtRegs& /*regs*/,
                           const HitPlace& /*place*/) {
    return true;
  }

 protected:
  /// Tell's default.
  void TellInSteps(const Tracepoint& tracepoint, const uint64_t* arguments,
                   size_t size, CpuContext where, uint64_t frame);

  constexpr RecordConsumer() = default;
  explicit RecordConsumer(TraceWriter& writer)
      : writer_(&writer), filtering_writer_(&writer) {}
  ~RecordConsumer() = default;

  /// Of one with a writer: which it takes from now on, all if null; the filter
  /// before, which who is in a read section may still use. Context: task, one
  /// after the other.
  EventFilter* ExchangeFilter(EventFilter* filter) {
    EventFilter* const old = filter_.Load(kRelaxed);
    filter_.Store(filter, kRelease);  // pairs with the acquire in filter()
    writer_.Store(filter == nullptr ? filtering_writer_ : nullptr, kRelaxed);
    return old;
  }

 private:
  Atomic<TraceWriter*> writer_{nullptr};
  Atomic<EventFilter*> filter_{nullptr};
  TraceWriter* const filtering_writer_ = nullptr;
};

/// Where a probe's event stands: the oldest of its probes.
struct ProbePlace {
  char symbol[kMaxSymbolName];
  size_t symbol_size = 0;  // 0: an address was asked for
  uint64_t offset = 0;     // from the symbol
  uint64_t address = 0;
  bool is_return = false;
  uint64_t missed = 0;  // hits of all of them that nobody was told of
};

/// Context of what is not said otherwise: task.
class TraceEvent : public NonCopyable {
 public:
  virtual StringView system() const = 0;
  virtual StringView name() const = 0;
  /// Its own fields, without those of EventHeader; offsets are in the record.
  virtual Span<const EventField> fields() const = 0;
  /// What a `format` file has behind "print fmt: ".
  virtual StringView print_format() const = 0;

  /// Whether it is a probe's: programs on it are of type KPROBE and get the
  /// registers that come with a record, as Linux's programs find them.
  virtual bool is_probe() const { return false; }
  /// Of a probe's event.
  virtual void DescribePlace(ProbePlace& /*place*/) const {}
  /// Programs on it may make functions return, from now on. kInvalid: some
  /// probe of it is where they may not, or it is no probe's.
  virtual Status AllowOverride() { return Status::kInvalid; }

  /// Writes the text of a record in the trace, with the event's name, where it
  /// is none that the print format and the name make. False: it is, and nothing
  /// was written.
  virtual bool PutOwnText(TextWriter& /*writer*/, ConstBytes /*record*/) const {
    return false;
  }

  /// `consumer` gets the records from now on, and the event is used. kNoMemory,
  /// kBusy (the text could not be changed now), kNoDevice (it is going), and
  /// nothing has changed.
  virtual Status AddConsumer(RecordConsumer& consumer) = 0;
  /// It gets none any more, and none of its functions runs. Once for each
  /// AddConsumer that succeeded; cannot fail.
  virtual void RemoveConsumer(RecordConsumer& consumer) = 0;

  /// Keeps it: a tracepoint is always there, a probe's event is not freed while
  /// somebody holds it. Who removes it waits for that, so who holds it for long
  /// uses it, too (TraceEvents::Use). Context: any, under the registry's lock
  /// or by who holds it already.
  virtual void Hold() {}
  virtual void Release() {}

  /// In `type` of its records; no other event has it now. 0: not registered.
  /// Context: any.
  uint16_t id() const { return id_; }

 protected:
  constexpr TraceEvent() = default;
  ~TraceEvent() = default;

 private:
  friend class TraceEvents;

  // The registry's.
  TraceEvent* next_ = nullptr;  // by id
  uint32_t uses_ = 0;
  bool is_going_ = false;
  uint16_t id_ = 0;
};

/// A TraceEvent that is held, or nothing.
class TraceEventRef {
 public:
  constexpr TraceEventRef() = default;
  /// Takes over a hold.
  static TraceEventRef Adopt(TraceEvent* event) {
    TraceEventRef ref;
    ref.event_ = event;
    return ref;
  }
  TraceEventRef(TraceEventRef&& other)
      : event_(Exchange(other.event_, nullptr)) {}
  TraceEventRef& operator=(TraceEventRef other) {
    Swap(event_, other.event_);
    return *this;
  }
  ~TraceEventRef() {
    if (event_ != nullptr) {
      event_->Release();
    }
  }
  TraceEvent* get() const { return event_; }
  TraceEvent& operator*() const { return *event_; }
  TraceEvent* operator->() const { return event_; }
  explicit operator bool() const { return event_ != nullptr; }

 private:
  TraceEvent* event_ = nullptr;
};

/// All events, by system and name and by id. Context: task.
class TraceEvents {
 public:
  /// Gives `event` an id. kExists: there is one of that system and name;
  /// kNoSpace: 65535 are in use.
  static Status Add(TraceEvent& event);
  /// Nobody finds it any more. Whoever holds it still does.
  static void Remove(TraceEvent& event);
  /// The same, and nobody uses it any more, unless somebody does: kBusy, and
  /// nothing has changed. Who only looks at it, as one that was found, does
  /// not.
  static Status RemoveUnlessUsed(TraceEvent& event);
  /// The same of all events of probes at once: all, or none.
  static Status RemoveProbesUnlessUsed();

  /// Keeps one that the caller holds from being removed, up to Unuse. False: it
  /// is going.
  [[nodiscard]] static bool Use(TraceEvent& event);
  static void Unuse(TraceEvent& event);

  static TraceEventRef Find(StringView system, StringView name);
  static TraceEventRef FindById(uint32_t id);
  /// The first whose id is above `id`; walks all, with 0 to begin with.
  static TraceEventRef Next(uint32_t id);

 private:
  static void TakeOut(TraceEvent& event);
};

}  // namespace ebpf
