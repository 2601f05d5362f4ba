// SPDX-License-Identifier: MIT
//
// A record as people read it.
#pragma once

#include "core/base/span.h"
#include "core/base/text_writer.h"
#include "core/tracepoints/trace_event.h"

namespace ebpf {

/// What the event's print format makes of `record`, without the event's name
/// and without a line's end. Context: task.
void PrintRecord(TextWriter& writer, const TraceEvent& event,
                 ConstBytes record);

/// The characters that a field of kind kDynamicText says are its text, as far
/// as they are in `record`. Context: any.
StringView DynamicTextOf(ConstBytes record, const EventField& field);

/// "field=value" for each field, as Linux's option `fields` has it.
/// Context: task.
void PrintFields(TextWriter& writer, const TraceEvent& event,
                 ConstBytes record);

}  // namespace ebpf
