// SPDX-License-Identifier: MIT
//
// What a trace looks like, as Linux's `trace` and `trace_pipe` write it.
#pragma once

#include <stdint.h>

#include "core/base/text_writer.h"
#include "core/tracepoints/trace_buffer.h"
#include "core/tracepoints/trace_instance.h"

namespace ebpf {

/// No line of a record is longer; what would be is cut.
inline constexpr size_t kMaxTraceTextLine = 4096;

/// "CPU:1 [LOST 5 EVENTS]", where records were lost. Context of all: task.
void PutLost(TextWriter& writer, const TraceEntry& entry);

/// The entry's line, with its end.
void PutEntry(TextWriter& writer, TraceInstance& trace,
              const TraceEntry& entry);

/// How many lines a `trace` file begins with, and line `index` of them.
/// `entries` and `written`: records that are there, and that were.
inline constexpr size_t kTraceHeaderLines = 12;
void PutTraceHeader(TextWriter& writer, const TraceInstance& trace,
                    size_t index, uint64_t entries, uint64_t written);

/// Takes what is oldest of the trace, as lines, as many as are sure to fit:
/// each has `room` characters at most, and is cut if it has more. The
/// characters that were written.
size_t TakeLines(TraceInstance& trace, TraceCursor& cursor, Span<char> to,
                 size_t room);

/// "%5lu.%06lu": seconds. `time` in ns.
void PutTraceTime(TextWriter& writer, uint64_t time);

}  // namespace ebpf
