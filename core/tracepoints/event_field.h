// SPDX-License-Identifier: MIT
//
// What a field of an event's record is.
#pragma once

#include <stdint.h>

#include "core/base/string_view.h"

namespace ebpf {

/// How a field holds its value; also what a filter may ask of it.
enum class FieldKind : uint8_t {
  /// A number of 1, 2, 4 or 8 bytes in the CPU's byte order.
  kInteger,
  /// Characters in the record itself, up to a zero or the field's end.
  kText,
  /// Linux's __data_loc: 32 bits, the size of the characters above the 16 bits
  /// of their offset in the record; the size counts a zero at their end.
  kDynamicText,
  /// Anything else: bytes that a filter cannot compare.
  kBytes,
  /// Not in the record: the number of the CPU, and the task's name.
  kCpu,
  kComm,
};

/// A field as `format` files show it. The characters are its declarer's.
struct EventField {
  StringView type;  // as in C: "char", "pid_t"
  StringView name;
  uint16_t offset = 0;
  uint16_t size = 0;  // in bytes
  bool is_signed = false;
  FieldKind kind = FieldKind::kInteger;
};

}  // namespace ebpf
