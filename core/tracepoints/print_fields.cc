// SPDX-License-Identifier: MIT
//
// core/tracepoints/print_format.h's implementation: fields without a format.
#include "core/base/memory.h"
#include "core/tracepoints/print_format.h"

namespace ebpf {
namespace {

uint64_t ReadNumber(ConstBytes bytes, bool is_signed) {
  uint64_t number = 0;
  const size_t size = Min(bytes.size(), sizeof(number));
  CopyBytes(&number, bytes.data(), size);
  if (is_signed && size != 0 && size < sizeof(number)) {
    const uint64_t sign = uint64_t{1} << (8 * size - 1);
    number = (number ^ sign) - sign;
  }
  return number;
}

void PutNumber(TextWriter& writer, const EventField& field, ConstBytes bytes) {
  const uint64_t number = ReadNumber(bytes, field.is_signed);
  const uint64_t mask = bytes.size() >= sizeof(number)
                            ? UINT64_MAX
                            : (uint64_t{1} << (8 * bytes.size())) - 1;
  writer.Put("0x").PutHex(number & mask).Put(" (");
  writer.PutSigned(static_cast<int64_t>(number)).Put(')');
}

StringView TextIn(ConstBytes bytes) {
  return StringView::FromField(reinterpret_cast<const char*>(bytes.data()),
                               bytes.size());
}

void PutBytes(TextWriter& writer, ConstBytes bytes) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    writer.Put(i == 0 ? "" : ",").PutHex(bytes[i], 2);
  }
}

ConstBytes BytesOfField(ConstBytes record, const EventField& field) {
  const size_t offset = Min<size_t>(field.offset, record.size());
  return record.Subspan(offset,
                        Min<size_t>(field.size, record.size() - offset));
}

/// As far as it is in the record.
StringView DynamicTextOf(ConstBytes record, const EventField& field) {
  const uint64_t location = ReadNumber(BytesOfField(record, field), false);
  const size_t offset = Min<size_t>(location & 0xffff, record.size());
  const size_t size =
      Min<size_t>((location >> 16) & 0xffff, record.size() - offset);
  return TextIn(record.Subspan(offset, size));
}

}  // namespace

void PrintFields(TextWriter& writer, const TraceEvent& event,
                 ConstBytes record) {
  StringView separator = "";
  for (const EventField& field : event.fields()) {
    writer.Put(separator).Put(field.name).Put('=');
    separator = " ";
    const ConstBytes bytes = BytesOfField(record, field);
    switch (field.kind) {
      case FieldKind::kInteger:
        PutNumber(writer, field, bytes);
        break;
      case FieldKind::kText:
        writer.Put(TextIn(bytes));
        break;
      case FieldKind::kDynamicText:
        writer.Put(DynamicTextOf(record, field));
        break;
      default:
        PutBytes(writer, bytes);
    }
  }
}

}  // namespace ebpf
