// SPDX-License-Identifier: MIT
//
// What an event's `format` file says: the layout of its records, as Linux
// writes it for the tools that read them.
#pragma once

#include "core/base/span.h"
#include "core/base/text_writer.h"
#include "core/tracepoints/event_field.h"
#include "core/tracepoints/trace_event.h"

namespace ebpf {

/// The fields of EventHeader. Context: any.
Span<const EventField> CommonEventFields();

/// Writes the whole file. Context: task, as the event's own functions.
void PutFormat(TextWriter& writer, const TraceEvent& event);

}  // namespace ebpf
