// SPDX-License-Identifier: MIT
//
// A trace: which events it has, which of their records, in what buffer, and how
// they are shown. What the files below /sys/kernel/tracing are about.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/status.h"
#include "core/base/string_view.h"
#include "core/base/text_writer.h"
#include "core/base/thread_annotations.h"
#include "core/helpers/current_task.h"
#include "core/memory/allocator.h"
#include "core/sync/mutex.h"
#include "core/tracepoints/filter.h"
#include "core/tracepoints/saved_cmdlines.h"
#include "core/tracepoints/trace_buffer.h"
#include "core/tracepoints/trace_event.h"
#include "core/tracepoints/trace_writer.h"

namespace ebpf {

/// What is shown, and how: the files in `options`.
enum class TraceOption : uint8_t {
#define OPTION(name, text, is_on) name,
#include "core/tracepoints/trace_options.def"
#undef OPTION
  kCount,
};

/// Which of some events are switched on.
enum class EventsOn : uint8_t { kNone, kAll, kSome };

class TraceInstance final : public NonCopyable {
 public:
  /// Pages of a CPU's ring while no event was ever switched on, and from then
  /// on: lines of programs and of people are there in any case.
  static constexpr size_t kFirstPages = 5;
  static constexpr size_t kDefaultPages = 128;
  /// Where there are many CPUs they share this many.
  static constexpr size_t kMaxDefaultPages = 4096;
  static size_t DefaultPages();

  /// kNoMemory. Context of what says nothing else: task.
  static Result<TraceInstance*> Create(Allocator& allocator);
  /// Nobody has a cursor any more, no program runs.
  void Destroy();

  TraceBuffer& buffer() { return *buffer_; }
  /// Of all CPUs, for who reads it now and then, whoever consumes it besides.
  TraceCursor& cursor() { return *cursor_; }
  Allocator& allocator() { return allocator_; }

  /// Switches the event on or off. kInvalid: it is not one to switch;
  /// kNoMemory, kBusy, what AddConsumer says: nothing has changed.
  Status Switch(TraceEvent& event, bool on);
  bool IsOn(const TraceEvent& event);

  /// Its records are kept if this filter wants them. kInvalid: it is none, and
  /// what is shown of the event's filter tells why; the one before is no
  /// longer there. kTooBig, kNoMemory. Empty: all are.
  /// `is_systems`: of all events of a system, which it may fit or not: kOk
  /// then, and the event shows that it does not.
  Status SetFilter(TraceEvent& event, StringView text, bool is_systems = false);
  /// Nothing is wanted of it any more but that all records are kept.
  void RemoveFilter(const TraceEvent& event);
  /// The event goes for good: nobody holds it, or finds it any more. Its filter
  /// goes, too, and if it was ever on so do all records, as in Linux: its id
  /// may become another's, who would be taken for it.
  void Forget(const TraceEvent& event);
  /// What a `filter` file shows.
  void PutFilter(TextWriter& writer, const TraceEvent& event);

  /// Whether rings have the size that they have for events. kNoMemory.
  Status Expand();
  bool is_expanded() const { return is_expanded_.Load(kRelaxed); }
  /// As TraceBuffer::Resize, and no event changes it any more.
  Status Resize(uint32_t cpu, size_t pages);

  /// A line of a person's. How much of it was kept; kInvalid: nothing, by
  /// option `markers`; kBadFd: since nothing is recorded.
  Result<size_t> Mark(StringView text);

  bool has(TraceOption option) const {
    return (options_.Load(kRelaxed) >> static_cast<unsigned>(option) & 1) != 0;
  }
  void SetOption(TraceOption option, bool on);
  static StringView NameOf(TraceOption option);

  /// Under which of Linux's names the clock is shown that there is. Another one
  /// clears the buffer, as in Linux.
  bool is_clock_mono() const { return is_clock_mono_.Load(kRelaxed); }
  void SetClockMono(bool is_mono);

  /// The names of tasks.
  size_t cmdlines_size();
  /// All that were kept are forgotten. kInvalid, kNoMemory.
  Status ResizeCmdlines(size_t size);
  void FindComm(uint32_t pid, char (&comm)[kCommSize]);
  /// The first one at `*index` or behind, which becomes its place; false: none.
  bool NextComm(size_t* index, uint32_t* pid, char (&comm)[kCommSize]);

 private:
  friend class Allocator;
  class Event;

  explicit TraceInstance(Allocator& allocator) : allocator_(allocator) {}
  ~TraceInstance() = default;

  Event* Find(const TraceEvent& event) EBPF_REQUIRES(mutex_);
  Result<Event*> FindOrMake(TraceEvent& event) EBPF_REQUIRES(mutex_);
  void DropIfUnused(Event& event) EBPF_REQUIRES(mutex_);
  void Drop(Event& event) EBPF_REQUIRES(mutex_);
  void SwitchOff(Event& event) EBPF_REQUIRES(mutex_);
  void SetFilter(Event& event, EventFilter* filter) EBPF_REQUIRES(mutex_);
  Result<EventFilter*> Compile(const TraceEvent& event, StringView text,
                               FilterError* error);
  void SetWritersCmdlines();
  Status KeepError(Event& event, StringView text, const FilterError& error)
      EBPF_REQUIRES(mutex_);

  Allocator& allocator_;
  TraceBuffer* buffer_ = nullptr;
  TraceWriter writer_;
  Atomic<uint32_t> options_{0};
  Atomic<bool> is_expanded_{false};
  Atomic<bool> is_clock_mono_{false};
  TraceCursor* cursor_ = nullptr;
  /// Over the names of tasks; taken by who reads the buffer. Who notes them
  /// finds them by the writer.
  Mutex cmdlines_mutex_;
  SavedCmdlines* cmdlines_ = nullptr;
  /// Over what follows and what changes with it; then the buffer's.
  Mutex mutex_;
  Event* events_ EBPF_GUARDED_BY(mutex_) = nullptr;
};

/// The trace that files show, and that programs print into: made when the
/// subsystem starts, after the trace log and the tracepoints. kNoMemory.
Status InitTrace(Allocator& allocator);
/// Gives it back; nobody reads it any more.
void ExitTrace();
/// Null before InitTrace and after ExitTrace. Context: any.
TraceInstance* GlobalTrace();

/// Switches on what programs print, since one is loaded that does: whoever
/// switched it off meanwhile gets it again, as in Linux. kNoMemory, kBusy.
Status SwitchOnTracePrintk();

}  // namespace ebpf
