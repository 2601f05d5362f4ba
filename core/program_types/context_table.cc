// SPDX-License-Identifier: MIT
#include "core/program_types/context_table.h"

namespace ebpf {
namespace {

constexpr uint32_t kWide = 8;

bool Allows(FieldAccess access, const ContextField& field,
            const ContextQuery& query) {
  const bool start = query.offset == field.offset;
  const bool whole = start && query.size == field.size;
  const bool inside = query.size <= field.size &&
                      query.offset + query.size <= field.offset + field.size;
  const bool part = inside && query.offset % query.size == 0;
  switch (access) {
    case FieldAccess::kNone:
      return false;
    case FieldAccess::kWhole:
      return whole;
    case FieldAccess::kPart:
      return part;
    case FieldAccess::kHalf:
      return part && query.size >= field.size / 2u;
    case FieldAccess::kStart:
      return start && inside;
    case FieldAccess::kWholeOrWide:
      return whole || (start && query.size == kWide);
    case FieldAccess::kPartOrWide:
      return part || (start && query.size == kWide);
  }
  return false;
}

}  // namespace

ContextAnswer AccessFields(Span<const ContextField> fields,
                           const ContextQuery& query) {
  for (const ContextField& field : fields) {
    if (query.offset < field.offset ||
        query.offset - field.offset >= field.size) {
      continue;
    }
    if (!Contains(field.attach_types, query.attach_type) &&
        field.attach_types != attach_words::Any) {
      continue;
    }
    if (field.capable_only && !query.capable) {
      continue;
    }
    if (Allows(query.write ? field.writes : field.reads, field, query)) {
      const uint32_t size =
          query.size > field.size ? query.size : uint32_t{field.size};
      return {field.value, field.offset, size};
    }
  }
  return {};
}

ContextAnswer AccessWords(const ContextQuery& query, uint32_t begin,
                          uint32_t end) {
  const bool inside = query.offset >= begin && query.offset <= end &&
                      query.size <= end - query.offset;
  if (!inside || query.offset % query.size != 0) {
    return {};
  }
  return {ContextValue::kScalar, query.offset, query.size};
}

}  // namespace ebpf
