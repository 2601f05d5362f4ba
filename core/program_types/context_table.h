// SPDX-License-Identifier: MIT
//
// Contexts as tables of fields, and the one function that looks into them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"
#include "core/program_types/program_type.h"
#include "core/program_types/type_sets.h"

namespace ebpf {

/// How much of a field an instruction may take at once.
enum class FieldAccess : uint8_t {
  kNone,
  kWhole,
  kPart,         // all, or 1, 2, 4 bytes of it that are aligned
  kHalf,         // as kPart, no single bytes
  kStart,        // all, or the first 1, 2, 4 bytes
  kWholeOrWide,  // all, or 8 bytes from here: with the next field
  kPartOrWide,
};

struct ContextField {
  uint16_t offset;
  uint16_t size;
  FieldAccess reads;
  FieldAccess writes;
  ContextValue value;  // what a load gives
  AttachTypeSet attach_types;
  bool capable_only = false;  // needs CAP_BPF
};

/// The answer of the first field in `fields` that allows `query`.
ContextAnswer AccessFields(Span<const ContextField> fields,
                           const ContextQuery& query);

/// The same for contexts that are words without names: each aligned access
/// inside [begin, end) is a scalar.
ContextAnswer AccessWords(const ContextQuery& query, uint32_t begin,
                          uint32_t end);

/// A row of fields/*.def.
#define EBPF_CONTEXT_FIELD(offset, size, reads, writes, gives, attach) \
  {offset,                                                             \
   size,                                                               \
   FieldAccess::k##reads,                                              \
   FieldAccess::k##writes,                                             \
   ContextValue::k##gives,                                             \
   EBPF_WORDS(attach_words, attach)},

}  // namespace ebpf
