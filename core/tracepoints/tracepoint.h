// SPDX-License-Identifier: MIT
//
// Places in a kernel's text that tell what happens there, under a name, to
// whoever asks. A place costs one no-op while nobody does.
//
// core/tracepoints/README.md shows a declaration. Everything that a declaration
// is made of is plain data, whose layout this file pins: another language can
// write it down (its structs are `#[repr(C)]` in Rust, a StringView and a Span
// a pointer and a size).
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/span.h"
#include "core/base/status.h"
#include "core/base/string_view.h"
#include "core/memory/allocator.h"
#include "core/program/run_context.h"
#include "core/tracepoints/event_field.h"
#include "core/tracepoints/static_key.h"
#include "core/tracepoints/trace_event.h"
#include "machine/static_branch.h"

namespace ebpf {

/// More arguments no tracepoint has, as in Linux.
inline constexpr size_t kMaxTracepointArguments = 12;

/// What a tracepoint is: never changes.
struct TracepointInfo {
  StringView system;
  StringView name;
  StringView print_format;  // what is behind "print fmt: "
  Span<const EventField> fields;
  /// How many bytes of text go behind the record, at most, zeros at their ends
  /// included; null: none. Context: any, and so `fill`.
  size_t (*text_size)(const uint64_t* arguments);
  /// Makes a record of `size` bytes, whose EventHeader is there already.
  void (*fill)(void* record, size_t size, const uint64_t* arguments);
  uint32_t record_size;  // without text
  /// The first ones, which raw programs may read; only `fill` knows of others.
  uint32_t argument_count;
  /// The first argument points to so many bytes that programs may write.
  uint32_t writable_size;
  uint32_t reserved;  // 0
};
static_assert(sizeof(TracepointInfo) == 96);
static_assert(sizeof(StringView) == 16 && sizeof(Span<const EventField>) == 16);

struct Tracepoint;

/// More words places do not hand over by themselves: with the tracepoint they
/// are in registers on each CPU that there is.
inline constexpr size_t kMaxFiredWords = 5;

/// What a place calls that was switched on, with its arguments, zero-extended,
/// and zeros behind them. Context: any.
using FireFunction = EBPF_BEHIND_BRANCHES void(Tracepoint* tracepoint, uint64_t,
                                               uint64_t, uint64_t, uint64_t,
                                               uint64_t);
/// The one that does whatever the tracepoint wants.
EBPF_BEHIND_BRANCHES void FireWords(Tracepoint* tracepoint, uint64_t, uint64_t,
                                    uint64_t, uint64_t, uint64_t);

/// A tracepoint: its address is in the section `ebpf_tracepoints`, read when
/// the subsystem starts. Declared with `info`, all else zeros: but `fire`, if
/// there are places that call it.
struct [[gnu::visibility("hidden")]] Tracepoint {
  StaticKey key;
  const TracepointInfo* info = nullptr;
  // core/tracepoints/tracepoint.cc's.
  Atomic<uintptr_t> consumers{0};
  Atomic<uint64_t> missed{0};
  uint32_t users = 0;
  uint16_t id = 0;
  uint16_t reserved = 0;
  /// The one for who wants it now. Any other is right, too: each looks once
  /// more who that is, where that cannot change any more.
  Atomic<FireFunction*> fire{FireWords};
};
static_assert(sizeof(Tracepoint) == 48);
static_assert(offsetof(Tracepoint, info) == 8);

extern "C" {
/// What a place does that was switched on: `arguments` are as many as the
/// tracepoint has, zero-extended. Context: any.
void ebpf_tracepoint_fire(Tracepoint* tracepoint, const uint64_t* arguments);
}

/// Gets a tracepoint's arguments, before any record is made of them. Outlives
/// its place in the tracepoint's list.
class ArgumentsConsumer {
 public:
  /// They are gone when it returns. In a read section with preemption off.
  /// Context: any.
  virtual void Fired(const uint64_t* arguments, const EventPlace& place) = 0;

  /// What is run instead of that, for `origin()`, or null.
  const Program* program() const { return program_; }
  const RunOrigin& origin() const { return origin_; }

 protected:
  constexpr ArgumentsConsumer() = default;
  ArgumentsConsumer(const Program& program, uint64_t cookie)
      : program_(&program) {
    origin_.cookie = cookie;
  }
  ~ArgumentsConsumer() = default;

 private:
  const Program* const program_ = nullptr;
  RunOrigin origin_;
};

/// What makes a kernel pass a tracepoint at all, for one whose passing costs
/// something while nobody wants it: Linux's regfunc and unregfunc. Both are
/// called under the mutex of all tracepoints, and call nothing of this file.
class TracepointPlaces {
 public:
  constexpr explicit TracepointPlaces(Tracepoint& passed)
      : tracepoint(passed) {}

  /// Somebody is about to want what is passed, and gets its error instead.
  /// Context: task.
  virtual Status Open() = 0;
  /// Nobody wants it any more. Context: task.
  virtual void Close() = 0;

  Tracepoint& tracepoint;
  // core/tracepoints/tracepoint.cc's.
  TracepointPlaces* next = nullptr;

 protected:
  ~TracepointPlaces() = default;
};

/// Gives `places`, which outlives its RemovePlaces, its tracepoint; opens it
/// where somebody wants that already. kExists: it has some; what Open says.
/// Context: task, as the next.
Status AddPlaces(TracepointPlaces& places);
/// Takes it away again, closed. Nothing where it is not there.
void RemovePlaces(TracepointPlaces& places);

/// Gives all tracepoints ids and puts them into TraceEvents. kNoMemory.
/// Context: task, once, as the next.
Status InitTracepoints(Allocator& allocator);
/// Takes them out. They have no consumers any more.
void ExitTracepoints();

/// The tracepoint of that name, of whatever system but ftrace, or null: as
/// Linux, whose raw tracepoints know no systems. Context: task.
Tracepoint* FindTracepoint(StringView name);
/// As TraceEvent::AddConsumer and RemoveConsumer. Context: task.
Status AddArgumentsConsumer(Tracepoint& tracepoint,
                            ArgumentsConsumer& consumer);
void RemoveArgumentsConsumer(Tracepoint& tracepoint,
                             ArgumentsConsumer& consumer);

/// How often nobody was told, since a CPU was inside of too many tracepoints.
/// Context: any.
inline uint64_t MissedBy(const Tracepoint& tracepoint) {
  return tracepoint.missed.Load(kRelaxed);
}

}  // namespace ebpf
