// SPDX-License-Identifier: MIT
//
// A record as people read it: what its event's print format says, the one that
// `format` files show.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/base/string_view.h"
#include "core/base/text_writer.h"
#include "core/tracepoints/event_field.h"
#include "core/tracepoints/trace_event.h"

namespace ebpf {

/// Whose text it is, where Linux and its tools differ.
enum class PrintStyle : uint8_t {
  /// Linux's trace files, with its option nohash-ptr: an address has 16 digits,
  /// %pS the function's size, __print_array is {0x1,0x2}, %#x of 0 is 0x0.
  kLinux,
  /// libtraceevent's: 0x1000, (nil), f+0x8, "1 2", 0.
  kTools,
};

/// Writes what `print_format`, the text behind "print fmt: ", makes of
/// `record`, which begins with its header; without the event's name and a
/// line's end. `fields` are the event's own. What cannot be understood is shown
/// by PrintUnparsed instead.
///
/// Takes about 2 KiB of stack and time in proportion to the format. The text,
/// the fields and the record may be anybody's. Context: any, as
/// ebpf_port_symbol_by_address.
void PrintRecord(TextWriter& writer, StringView print_format,
                 Span<const EventField> fields, ConstBytes record,
                 PrintStyle style = PrintStyle::kLinux);

/// The same of a record of `event`. Context: task.
void PrintRecord(TextWriter& writer, const TraceEvent& event, ConstBytes record,
                 PrintStyle style = PrintStyle::kLinux);

/// "[FAILED TO PARSE]" and " field=value" for each field, as libtraceevent has
/// it; of what is not in the record, only the name. Context: any.
void PrintUnparsed(TextWriter& writer, Span<const EventField> fields,
                   ConstBytes record);

/// "field=value" for each field, as Linux's option `fields` has it.
/// Context: task.
void PrintFields(TextWriter& writer, const TraceEvent& event,
                 ConstBytes record);

}  // namespace ebpf
