// SPDX-License-Identifier: MIT
//
// The files of what is in a trace's buffer, and of its size.
#include "core/files/trace_texts.h"
#include "core/platform/cpu.h"
#include "core/platform/time.h"
#include "core/tracepoints/raw_page.h"
#include "core/tracepoints/trace_errors.h"
#include "core/tracepoints/trace_instance.h"
#include "core/tracepoints/trace_text.h"

namespace ebpf {
namespace {

constexpr size_t kKbPerPage = TraceRing::kPageSize / 1024;

/// Kilobytes of `cpu`, or of each; false: they differ.
bool SizeOf(TraceInstance& trace, uint32_t cpu, size_t* kilobytes) {
  const uint32_t first = cpu == kAllCpus ? 0 : cpu;
  const size_t pages = trace.buffer().PagesOf(first);
  *kilobytes = pages * kKbPerPage;
  for (uint32_t i = 0; cpu == kAllCpus && i < ebpf_port_cpu_count(); ++i) {
    if (trace.buffer().PagesOf(i) != pages) {
      return false;
    }
  }
  return true;
}

void PutSize(TextWriter& text, const TraceInstance& trace, size_t kilobytes,
             size_t cpus) {
  text.PutUnsigned(kilobytes);
  if (!trace.is_expanded()) {
    text.Put(" (expanded: ")
        .PutUnsigned(cpus * TraceInstance::DefaultPages() * kKbPerPage)
        .Put(")");
  }
  text.Put("\n");
}

void PutStats(TextWriter& text, const TextPlace& place) {
  TraceInstance* trace = GlobalTrace();
  if (trace == nullptr) {
    return;
  }
  const TraceStats stats = trace->buffer().Stats(place.cpu);
  text.Put("entries: ").PutUnsigned(stats.entries);
  text.Put("\noverrun: ").PutUnsigned(stats.overrun);
  text.Put("\ncommit overrun: 0\nbytes: ").PutUnsigned(stats.bytes);
  text.Put("\noldest event ts: ");
  PutTraceTime(text, stats.oldest_time);
  text.Put("\nnow ts: ");
  PutTraceTime(text, ebpf_port_time_ns());
  text.Put("\ndropped events: ").PutUnsigned(stats.dropped);
  text.Put("\nread events: ").PutUnsigned(stats.read).Put("\n");
}

/// A line for each name that is kept.
class CmdlinesWalk final : public TextWalk {
 public:
  explicit CmdlinesWalk(Allocator& allocator) : allocator_(allocator) {}

  bool Next(TextWriter& line) override {
    TraceInstance* trace = GlobalTrace();
    uint32_t pid;
    char comm[kCommSize];
    if (trace == nullptr || !trace->NextComm(&index_, &pid, comm)) {
      return false;
    }
    ++index_;
    line.PutUnsigned(pid).Put(" ");
    line.Put(StringView::FromField(comm, kCommSize)).Put("\n");
    return true;
  }
  void Delete() override { allocator_.Delete(this); }

 private:
  Allocator& allocator_;
  size_t index_ = 0;
};

class ErrorLogWalk final : public TextWalk {
 public:
  explicit ErrorLogWalk(Allocator& allocator) : allocator_(allocator) {}

  bool Next(TextWriter& line) override { return PutTraceError(line, index_++); }
  void Delete() override { allocator_.Delete(this); }

 private:
  Allocator& allocator_;
  size_t index_ = 0;
};

/// What is in the buffer, or was when it was come to.
class TraceTextWalk final : public TextWalk {
 public:
  TraceTextWalk(TraceInstance& trace, TraceCursor& cursor, uint32_t cpu,
                Allocator& allocator)
      : trace_(trace), cursor_(cursor), cpu_(cpu), allocator_(allocator) {}

  bool Next(TextWriter& line) override {
    while (header_ < kTraceHeaderLines && line.wanted() == 0) {
      PutHeader(line);
    }
    if (line.wanted() != 0) {
      return true;
    }
    TraceCursor::Turn turn(cursor_);
    TraceEntry entry;
    if (taken_ == limit_ || !turn.Peek(&entry)) {
      return false;
    }
    PutLost(line, entry);
    PutEntry(line, trace_, entry);
    turn.Take();
    ++taken_;
    return true;
  }
  void Delete() override {
    cursor_.Destroy();
    allocator_.Delete(this);
  }

 private:
  void PutHeader(TextWriter& line) {
    uint64_t entries = 0;
    uint64_t written = 0;
    if (header_ == 0) {
      Count(&entries, &written);
      // What comes meanwhile is told as well, but not without an end.
      limit_ = 2 * entries + 1024;
    } else if (header_ == 1) {
      Count(&entries, &written);
    }
    PutTraceHeader(line, trace_, header_++, entries, written);
  }
  void Count(uint64_t* entries, uint64_t* written) {
    for (uint32_t cpu = 0; cpu < ebpf_port_cpu_count(); ++cpu) {
      if (cpu_ == kAllCpus || cpu_ == cpu) {
        const TraceStats stats = trace_.buffer().Stats(cpu);
        *entries += stats.entries;
        *written += stats.entries + stats.overrun;
      }
    }
  }

  TraceInstance& trace_;
  TraceCursor& cursor_;
  const uint32_t cpu_;
  Allocator& allocator_;
  size_t header_ = 0;
  uint64_t limit_ = 0;
  uint64_t taken_ = 0;
};

/// What is read is gone.
class TracePipeWalk final : public TextWalk {
 public:
  TracePipeWalk(TraceInstance& trace, TraceCursor& cursor, uint32_t cpu,
                Allocator& allocator)
      : trace_(trace), cursor_(cursor), cpu_(cpu), allocator_(allocator) {}

  bool Next(TextWriter& line) override {
    TraceCursor::Turn turn(cursor_);
    TraceEntry entry;
    if (!turn.Peek(&entry)) {
      return false;
    }
    PutLost(line, entry);
    PutEntry(line, trace_, entry);
    turn.Take();
    return true;
  }
  Notifier* notifier() override { return &trace_.buffer().notifier(); }
  bool IsReadable() override { return trace_.buffer().IsReadable(cpu_); }
  void Delete() override {
    cursor_.Destroy();
    allocator_.Delete(this);
  }

 private:
  TraceInstance& trace_;
  TraceCursor& cursor_;
  const uint32_t cpu_;
  Allocator& allocator_;
};

/// The same in pages, which need not be asked for as a whole. Whoever else
/// reads gets what this one does not, as on Linux.
class TracePipeRawWalk final : public TextWalk {
 public:
  TracePipeRawWalk(TraceInstance& trace, TraceCursor& cursor, uint32_t cpu,
                   Allocator& allocator)
      : trace_(trace), cursor_(cursor), cpu_(cpu), allocator_(allocator) {}

  bool Next(TextWriter& line) override {
    page_.Clear();
    TraceCursor::Turn turn(cursor_);
    TraceEntry entry;
    while (turn.Peek(&entry) && page_.Add(*entry.record, entry.lost)) {
      turn.Take();
    }
    if (page_.empty()) {
      return false;
    }
    const ConstBytes page = page_.Finish();
    line.Put({reinterpret_cast<const char*>(page.data()), page.size()});
    return true;
  }
  Notifier* notifier() override { return &trace_.buffer().notifier(); }
  bool IsReadable() override { return trace_.buffer().IsReadable(cpu_); }
  void Delete() override {
    cursor_.Destroy();
    allocator_.Delete(this);
  }

 private:
  TraceInstance& trace_;
  TraceCursor& cursor_;
  const uint32_t cpu_;
  Allocator& allocator_;
  RawTracePage page_;
};
static_assert(RawTracePage::kSize <= kMaxTextLine);

enum class Reading : uint8_t { kLooks, kConsumes, kConsumesWithOthers };

Result<TraceCursor*> MakeCursor(TraceBuffer& buffer, uint32_t cpu,
                                Reading reading, Allocator& allocator) {
  if (reading == Reading::kConsumesWithOthers) {
    return TraceCursor::CreateShared(buffer, cpu, allocator);
  }
  return TraceCursor::Create(buffer, cpu, reading == Reading::kConsumes,
                             allocator);
}

template <typename Walk>
Result<TextWalk*> BeginCursor(const TextViewer& viewer, Reading reading,
                              Allocator& allocator) {
  TraceInstance* trace = GlobalTrace();
  if (trace == nullptr) {
    return Status::kNoDevice;
  }
  const uint32_t cpu = viewer.place->cpu;
  TraceCursor* cursor =
      EBPF_TRY(MakeCursor(trace->buffer(), cpu, reading, allocator));
  Result<Walk*> walk = allocator.New<Walk>(*trace, *cursor, cpu, allocator);
  if (!walk.ok()) {
    cursor->Destroy();
    return walk.status();
  }
  return *walk;
}

}  // namespace

Result<TextWalk*> BeginBufferSize(const TextViewer& viewer,
                                  Allocator& allocator) {
  return BeginShortText(
      [](TextWriter& text, const TextPlace& place) {
        TraceInstance* trace = GlobalTrace();
        size_t kilobytes;
        if (trace != nullptr && SizeOf(*trace, place.cpu, &kilobytes)) {
          PutSize(text, *trace, kilobytes, 1);
        } else {
          text.Put("X\n");
        }
      },
      viewer, allocator);
}

Result<size_t> WriteBufferSize(const TextPlace& place, StringView text,
                               Allocator& /*allocator*/) {
  const uint64_t kilobytes = EBPF_TRY(ReadTextNumber(text));
  TraceInstance* trace = GlobalTrace();
  if (kilobytes == 0 || trace == nullptr) {
    return Status::kInvalid;
  }
  const uint64_t pages =
      kilobytes / kKbPerPage + (kilobytes % kKbPerPage == 0 ? 0 : 1);
  if (pages > TraceRing::kMaxPages) {
    return Status::kNoMemory;
  }
  EBPF_TRY(trace->Resize(place.cpu, Max<size_t>(pages, TraceRing::kMinPages)));
  return text.size();
}

Result<TextWalk*> BeginBufferTotal(const TextViewer& viewer,
                                   Allocator& allocator) {
  return BeginShortText(
      [](TextWriter& text, const TextPlace&) {
        TraceInstance* trace = GlobalTrace();
        size_t kilobytes = 0;
        for (uint32_t cpu = 0; trace != nullptr && cpu < ebpf_port_cpu_count();
             ++cpu) {
          kilobytes += trace->buffer().PagesOf(cpu) * kKbPerPage;
        }
        if (trace != nullptr) {
          PutSize(text, *trace, kilobytes, ebpf_port_cpu_count());
        }
      },
      viewer, allocator);
}

Result<TextWalk*> BeginStats(const TextViewer& viewer, Allocator& allocator) {
  return BeginShortText(PutStats, viewer, allocator);
}

Result<TextWalk*> BeginCmdlines(const TextViewer& /*viewer*/,
                                Allocator& allocator) {
  TextWalk* walk = EBPF_TRY(allocator.New<CmdlinesWalk>(allocator));
  return walk;
}

Result<TextWalk*> BeginErrorLog(const TextViewer& /*viewer*/,
                                Allocator& allocator) {
  TextWalk* walk = EBPF_TRY(allocator.New<ErrorLogWalk>(allocator));
  return walk;
}

Result<TextWalk*> BeginTraceText(const TextViewer& viewer,
                                 Allocator& allocator) {
  return BeginCursor<TraceTextWalk>(viewer, Reading::kLooks, allocator);
}

Result<TextWalk*> BeginTracePipe(const TextViewer& viewer,
                                 Allocator& allocator) {
  return BeginCursor<TracePipeWalk>(viewer, Reading::kConsumes, allocator);
}

Result<TextWalk*> BeginTracePipeRaw(const TextViewer& viewer,
                                    Allocator& allocator) {
  return BeginCursor<TracePipeRawWalk>(viewer, Reading::kConsumesWithOthers,
                                       allocator);
}

Status ClearTrace(const TextPlace& place) {
  if (TraceInstance* trace = GlobalTrace()) {
    trace->buffer().Clear(place.cpu);
  }
  return Status::kOk;
}

Status ClearErrorLog(const TextPlace& /*place*/) {
  ClearTraceErrors();
  return Status::kOk;
}

}  // namespace ebpf
