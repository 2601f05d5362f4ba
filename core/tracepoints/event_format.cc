// SPDX-License-Identifier: MIT
//
// core/tracepoints/event_format.h's implementation.
#include "core/tracepoints/event_format.h"

#include <stddef.h>

namespace ebpf {
namespace {

constexpr EventField kCommonFields[] = {
    {"unsigned short", "common_type", offsetof(EventHeader, type), 2},
    {"unsigned char", "common_flags", offsetof(EventHeader, flags), 1},
    {"unsigned char", "common_preempt_count",
     offsetof(EventHeader, preempt_count), 1},
    {"int", "common_pid", offsetof(EventHeader, pid), 4, true},
};

/// A type that is an array's has its size behind the name, as C has it; one
/// that is __data_loc's stays whole, as Linux has it.
void PutDeclaration(TextWriter& writer, const EventField& field) {
  const StringView type = field.type;
  const size_t bracket =
      type.StartsWith("__data_loc") ? type.size() : type.Find('[');
  writer.Put(type.First(bracket)).Put(" ").Put(field.name);
  writer.Put(type.Substring(bracket));
}

void PutField(TextWriter& writer, const EventField& field) {
  writer.Put("\tfield:");
  PutDeclaration(writer, field);
  writer.Put(";\toffset:").PutUnsigned(field.offset);
  writer.Put(";\tsize:").PutUnsigned(field.size);
  writer.Put(";\tsigned:").PutUnsigned(field.is_signed ? 1 : 0).Put(";\n");
}

}  // namespace

Span<const EventField> CommonEventFields() { return kCommonFields; }

void PutFormat(TextWriter& writer, const TraceEvent& event) {
  writer.Put("name: ").Put(event.name());
  writer.Put("\nID: ").PutUnsigned(event.id()).Put("\nformat:\n");
  for (const EventField& field : CommonEventFields()) {
    PutField(writer, field);
  }
  writer.Put("\n");
  for (const EventField& field : event.fields()) {
    PutField(writer, field);
  }
  writer.Put("\nprint fmt: ").Put(event.print_format()).Put("\n");
}

}  // namespace ebpf
