// SPDX-License-Identifier: MIT
//
// core/tracepoints/trace_text.h's implementation.
#include "core/tracepoints/trace_text.h"

#include "core/platform/cpu.h"
#include "core/tracepoints/own_events.h"
#include "core/tracepoints/print_format.h"

namespace ebpf {
namespace {

void PutRight(TextWriter& writer, StringView text, size_t width) {
  for (size_t i = text.size(); i < width; ++i) {
    writer.Put(' ');
  }
  writer.Put(text);
}

void PutNumberRight(TextWriter& writer, uint64_t value, size_t width,
                    char pad) {
  char digits[20];
  TextWriter number(digits, sizeof(digits));
  number.PutUnsigned(value);
  for (size_t i = number.wanted(); i < width; ++i) {
    writer.Put(pad);
  }
  writer.Put(number.text());
}

// Bits of EventHeader.flags, as Linux's (include/linux/trace_events.h), that no
// port tells of; the others are ContextFlag's.
constexpr uint8_t kNeedReschedLazy = 0x02;
constexpr uint8_t kSoftIrq = 0x10;
constexpr uint8_t kPreemptResched = 0x20;
constexpr uint8_t kNmi = 0x40;
constexpr uint8_t kBhOff = 0x80;

char IrqsOffSign(uint8_t flags) {
  switch (flags & (kInterruptsOff | kBhOff)) {
    case kInterruptsOff | kBhOff:
      return 'D';
    case kInterruptsOff:
      return 'd';
    case kBhOff:
      return 'b';
    default:
      return '.';
  }
}

char NeedReschedSign(uint8_t flags) {
  switch (flags & (kNeedsResched | kNeedReschedLazy | kPreemptResched)) {
    case kNeedsResched | kNeedReschedLazy | kPreemptResched:
      return 'B';
    case kNeedsResched | kPreemptResched:
      return 'N';
    case kNeedReschedLazy | kPreemptResched:
      return 'L';
    case kNeedsResched | kNeedReschedLazy:
      return 'b';
    case kNeedsResched:
      return 'n';
    case kNeedReschedLazy:
      return 'l';
    case kPreemptResched:
      return 'p';
    default:
      return '.';
  }
}

char IrqSign(uint8_t flags) {
  if ((flags & kNmi) != 0) {
    return (flags & kInInterrupt) != 0 ? 'Z' : 'z';
  }
  if ((flags & kInInterrupt) != 0) {
    return (flags & kSoftIrq) != 0 ? 'H' : 'h';
  }
  return (flags & kSoftIrq) != 0 ? 's' : '.';
}

void PutDepth(TextWriter& writer, unsigned depth) {
  if (depth == 0) {
    writer.Put('.');
  } else {
    writer.PutHex(depth);
  }
}

void PutIrqInfo(TextWriter& writer, const EventHeader& header) {
  writer.Put(IrqsOffSign(header.flags));
  writer.Put(NeedReschedSign(header.flags));
  writer.Put(IrqSign(header.flags));
  PutDepth(writer, header.preempt_count & 15);
  PutDepth(writer, header.preempt_count >> 4);  // migration is off
}

/// "            bash-1977    [000] d..1. 17284.993652: "
void PutContext(TextWriter& writer, TraceInstance& trace, uint32_t cpu,
                uint64_t time, const EventHeader& header) {
  const auto pid = static_cast<uint32_t>(header.pid);
  char comm[kCommSize];
  trace.FindComm(pid, comm);
  constexpr size_t kCommWidth = 16;
  constexpr size_t kPidWidth = 7;
  PutRight(writer, StringView::FromField(comm, kCommSize), kCommWidth);
  writer.Put('-');
  const size_t before = writer.wanted();
  writer.PutUnsigned(pid);
  while (writer.wanted() < before + kPidWidth) {
    writer.Put(' ');
  }
  writer.Put(" [");
  PutNumberRight(writer, cpu, 3, '0');
  writer.Put("] ");
  if (trace.has(TraceOption::kIrqInfo)) {
    PutIrqInfo(writer, header);
  }
  writer.Put(' ');
  PutTraceTime(writer, time);
  writer.Put(": ");
}

StringView MarkIn(ConstBytes payload) {
  const size_t begin = Min(payload.size(), sizeof(FtracePrint::Record));
  StringView text = StringView::FromField(
      reinterpret_cast<const char*>(payload.data() + begin),
      payload.size() - begin);
  return !text.empty() && text[text.size() - 1] == '\n'
             ? text.First(text.size() - 1)
             : text;
}

void PutEvent(TextWriter& writer, const TraceInstance& trace,
              const EventHeader& header, ConstBytes payload) {
  if (header.type == FtracePrint::tracepoint.id) {
    writer.Put("tracing_mark_write: ").Put(MarkIn(payload));
    return;
  }
  const TraceEventRef event = TraceEvents::FindById(header.type);
  if (!event) {
    writer.Put("UNKNOWN TYPE ").PutUnsigned(header.type);
    return;
  }
  const bool shows_fields = trace.has(TraceOption::kFields);
  if (!shows_fields && event->PutOwnText(writer, payload)) {
    return;
  }
  writer.Put(event->name()).Put(": ");
  if (shows_fields) {
    PrintFields(writer, *event, payload);
  } else {
    PrintRecord(writer, *event, payload);
  }
}

}  // namespace

void PutTraceTime(TextWriter& writer, uint64_t time) {
  constexpr uint64_t kNsPerUs = 1000;
  constexpr uint64_t kUsPerSecond = 1'000'000;
  const uint64_t us = (time + kNsPerUs / 2) / kNsPerUs;  // Linux rounds, too
  PutNumberRight(writer, us / kUsPerSecond, 5, ' ');
  writer.Put('.');
  PutNumberRight(writer, us % kUsPerSecond, 6, '0');
}

void PutLost(TextWriter& writer, const TraceEntry& entry) {
  if (entry.lost != 0) {
    writer.Put("CPU:").PutUnsigned(entry.cpu);
    writer.Put(" [LOST ").PutUnsigned(entry.lost).Put(" EVENTS]\n");
  }
}

void PutEntry(TextWriter& writer, TraceInstance& trace,
              const TraceEntry& entry) {
  const ConstBytes payload(entry.record->payload(), entry.record->payload_size);
  if (payload.size() < sizeof(EventHeader)) {
    return;
  }
  const auto& header = *reinterpret_cast<const EventHeader*>(payload.data());
  if (trace.has(TraceOption::kContextInfo)) {
    PutContext(writer, trace, entry.cpu, entry.record->time, header);
  }
  PutEvent(writer, trace, header, payload);
  writer.Put('\n');
}

void PutTraceHeader(TextWriter& writer, const TraceInstance& trace,
                    size_t index, uint64_t entries, uint64_t written) {
  // What a row is for: always; with the columns of tasks; with those of
  // interrupts, or without.
  enum : uint8_t { kAlways, kContext, kIrqs, kNoIrqs };
  struct Row {
    uint8_t when;
    StringView text;
  };
  constexpr Row kRows[kTraceHeaderLines] = {
      {kAlways, "# tracer: nop\n#\n"},
      {kContext, ""},  // see below
      {kIrqs,
       "#                                _-----=> irqs-off/BH-disabled\n"},
      {kIrqs, "#                               / _----=> need-resched\n"},
      {kIrqs, "#                              | / _---=> hardirq/softirq\n"},
      {kIrqs, "#                              || / _--=> preempt-depth\n"},
      {kIrqs, "#                              ||| / _-=> migrate-disable\n"},
      {kIrqs, "#                              |||| /     delay\n"},
      {kIrqs, "#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION\n"},
      {kIrqs, "#              | |         |   |||||     |         |\n"},
      {kNoIrqs, "#           TASK-PID     CPU#     TIMESTAMP  FUNCTION\n"},
      {kNoIrqs, "#              | |         |         |         |\n"},
  };
  const Row& row = kRows[index];
  const bool has_irqs = trace.has(TraceOption::kIrqInfo);
  if (row.when != kAlways &&
      (!trace.has(TraceOption::kContextInfo) ||
       (row.when == kIrqs && !has_irqs) || (row.when == kNoIrqs && has_irqs))) {
    return;
  }
  writer.Put(row.text);
  if (row.when == kContext) {
    writer.Put("# entries-in-buffer/entries-written: ").PutUnsigned(entries);
    writer.Put('/');
    writer.PutUnsigned(written).Put("   #P:");
    writer.PutUnsigned(ebpf_port_cpu_count()).Put("\n#\n");
  }
}

size_t TakeLines(TraceInstance& trace, TraceCursor& cursor, Span<char> to,
                 size_t room) {
  size_t used = 0;
  TraceCursor::Turn turn(cursor);
  TraceEntry entry;
  while (to.size() - used >= room && turn.Peek(&entry)) {
    TextWriter line(to.data() + used, room);
    PutLost(line, entry);
    PutEntry(line, trace, entry);
    turn.Take();
    used += line.text().size();
    if (line.truncated()) {
      to[used - 1] = '\n';
    }
  }
  return used;
}

}  // namespace ebpf
