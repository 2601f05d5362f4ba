// SPDX-License-Identifier: MIT
//
// core/tracepoints/print_format.h's implementation.
#include "core/tracepoints/print_format.h"

namespace ebpf {

void PrintRecord(TextWriter& writer, const TraceEvent& event,
                 ConstBytes record) {
  // Of formats, only that one text is the whole is known.
  char format[64];
  TextWriter wanted(format, sizeof(format));
  event.PutPrintFormat(wanted);
  const Span<const EventField> fields = event.fields();
  if (fields.size() == 1 && fields[0].kind == FieldKind::kDynamicText &&
      wanted.text().StartsWith("\"%s\", __get_str(")) {
    writer.Put(DynamicTextOf(record, fields[0]));
    return;
  }
  PrintFields(writer, event, record);
}

}  // namespace ebpf
