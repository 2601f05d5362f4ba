// SPDX-License-Identifier: MIT
//
// A trace event as perf events share it: its programs, of which each runs once
// for each record, or hit of a probe, whoever counts it, and those that count.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/span.h"
#include "core/base/status.h"
#include "core/memory/allocator.h"
#include "core/perf/sample_memory.h"
#include "core/program/program.h"
#include "core/program/run_context.h"
#include "core/program/trace_context.h"
#include "core/sync/mutex.h"
#include "core/tracepoints/trace_event.h"

namespace ebpf {

/// Each perf event of a trace event has two such places in lists; they are
/// found in read sections.
template <typename T>
struct ListPlace {
  Atomic<T*> next{nullptr};
};

/// A program on a trace event.
struct TracedProgram : ListPlace<TracedProgram> {
  Program* program = nullptr;  // its owner's
  RunOrigin origin;
};

class TracepointEvent;

/// Context of what is not said otherwise: task.
class TracedEvent final : public RecordConsumer {
 public:
  /// The one of the event with that id, with one more user; kInvalid: there is
  /// none. kNoMemory.
  static Result<TracedEvent*> Get(uint64_t id, Allocator& allocator);
  /// One user less, who has nothing in it any more.
  void Put();

  TraceEvent& event() const { return *event_; }
  /// Where its last field ends: what programs may look at.
  uint32_t fields_end() const;
  /// Records that nobody saw since a CPU was in too many. Context: any.
  uint64_t missed() const { return missed_.Load(kRelaxed); }

  /// `place` says which program it is, which runs from now on. kExists: it is
  /// there already; kTooBig: there are kMaxTracePrograms; what AddConsumer
  /// says.
  Status AddProgram(TracedProgram& place);
  /// None of its runs is under way when it returns.
  void RemoveProgram(TracedProgram& place);
  /// As PerfEvent::ListPrograms.
  uint32_t ListPrograms(Span<uint32_t> ids) const;

  /// What AddConsumer says. Precondition: it is of one task or of one CPU.
  Status AddCounter(TracepointEvent& counter);
  /// Its Record is not under way when it returns.
  void RemoveCounter(TracepointEvent& counter);

  // RecordConsumer. Context: any.
  void* Reserve(size_t size, const EventPlace& place) override;
  void Commit(void* record, size_t size, const EventPlace& place) override;
  void Tell(const Tracepoint& tracepoint, const uint64_t* arguments,
            size_t size, CpuContext where, uint64_t frame) override;
  bool RunsPrograms() const override { return true; }
  bool RunPrograms(machine::PtRegs& regs, const HitPlace& place) override;

 private:
  friend class Allocator;

  using Counters = Atomic<TracepointEvent*>;

  /// So many lists tasks share, by their pids.
  static constexpr uint32_t kTaskLists = 64;

  static Result<TracedEvent*> Make(TraceEventRef event, Allocator& allocator);
  TracedEvent(TraceEventRef event, Allocator& allocator)
      : event_(Move(event)),
        is_probe_(event_->is_probe()),
        allocator_(allocator) {}
  ~TracedEvent() { allocator_.DeleteArray(counters_); }

  /// Those of one task, on whichever CPUs; or of one CPU.
  Counters& OfTask(int32_t pid) const {
    return counters_.data()[static_cast<uint32_t>(pid) % kTaskLists];
  }
  Counters& OfCpu(uint32_t cpu) const {
    return counters_.data()[kTaskLists + 2 * size_t{cpu}];
  }
  /// Who counts all of that CPU, if no other does, and no program runs; or
  /// null.
  Counters& AloneOn(uint32_t cpu) const {
    return counters_.data()[kTaskLists + 2 * size_t{cpu} + 1];
  }
  Counters& ListOf(const TracepointEvent& counter) const;

  bool IsWanted(uint32_t cpu) const;
  void TellTask(const uint64_t* record, size_t size, const EventPlace& place);
  void FindAlone() EBPF_REQUIRES(mutex_);
  void RecordForTask(const EventPlace& place, ConstBytes record,
                     RegisterSource& registers, SampleMemory& memory) const;
  bool RunOnRecord(SampleMemory& memory, RegisterSource& registers) const;
  Status AddUse() EBPF_REQUIRES(mutex_);
  void RemoveUse() EBPF_REQUIRES(mutex_);

  const TraceEventRef event_;
  const bool is_probe_;
  Allocator& allocator_;
  TracedEvent* next_ = nullptr;  // in the list of all
  uint32_t users_ = 1;           // under that list's mutex

  mutable Mutex mutex_;
  uint32_t uses_ EBPF_GUARDED_BY(mutex_) = 0;  // programs and counters
  /// Changed under the mutex, in the order in which they came.
  Atomic<TracedProgram*> programs_{nullptr};
  Span<Counters> counters_;  // lists; set before the event is handed out
  Atomic<uint32_t> task_counters_{0};
  Atomic<uint64_t> missed_{0};
};

}  // namespace ebpf
