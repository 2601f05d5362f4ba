// SPDX-License-Identifier: MIT
//
// core/tracepoints/print_format.h's implementation: a record whose format is
// not understood.
#include "core/base/ascii.h"
#include "core/tracepoints/print_expression.h"
#include "core/tracepoints/print_format.h"

namespace ebpf {
namespace {

bool IsPrintableText(StringView text) {
  for (char c : text) {
    if (!IsPrintable(c) && !IsSpace(c)) {
      return false;
    }
  }
  return true;
}

void PutBytes(TextWriter& writer, StringView type, ConstBytes bytes) {
  const StringView text = StringView::FromField(
      reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (type.Contains("char") && IsPrintableText(text)) {
    writer.Put(text);
    return;
  }
  writer.Put("ARRAY[");
  for (size_t i = 0; i < bytes.size(); ++i) {
    writer.Put(i == 0 ? "" : ", ").PutHex(bytes[i], 2);
  }
  writer.Put("]");
}

void PutNumber(TextWriter& writer, const EventField& field, uint64_t number) {
  if (field.type.Contains("*")) {
    writer.Put("0x").PutHex(number);
  } else if (field.is_signed) {
    if (field.size == 2 && number < 10) {
      writer.Put(' ');  // libtraceevent's width for it is 2
    }
    writer.PutSigned(static_cast<int64_t>(number));
  } else if (field.type.Contains("long")) {
    writer.Put("0x").PutHex(number);
  } else {
    writer.PutUnsigned(number);
  }
}

}  // namespace

void PrintUnparsed(TextWriter& writer, Span<const EventField> fields,
                   ConstBytes record) {
  writer.Put("[FAILED TO PARSE]");
  for (const EventField& field : fields) {
    writer.Put(" ").Put(field.name).Put("=");
    if (!record.Contains(field.offset, field.size)) {
      continue;
    }
    const ConstBytes bytes = record.Subspan(field.offset, field.size);
    const bool is_dynamic = field.type.StartsWith("__data_loc");
    if (!is_dynamic && field.kind != FieldKind::kInteger) {
      PutBytes(writer, field.type, bytes);
      continue;
    }
    const uint64_t number =
        ReadNumber(bytes.First(Min(bytes.size(), sizeof(uint64_t))));
    if (!is_dynamic) {
      PutNumber(writer, field, FitNumber(number, field.size, field.is_signed));
    } else if (record.Contains(number & 0xffff, number >> 16)) {
      PutBytes(writer, field.type,
               record.Subspan(number & 0xffff, number >> 16));
    }
  }
}

}  // namespace ebpf
