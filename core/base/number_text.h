// SPDX-License-Identifier: MIT
//
// Numbers that are written as C writes them: 10, 012, 0xa.
#pragma once

#include <stdint.h>

#include "core/base/ascii.h"
#include "core/base/string_view.h"

namespace ebpf {

/// What all of `text` says to strtoull(3) with base 0, but for signs and
/// blanks, of which there are none; false, with `*number` untouched: it is no
/// number, or has more than 64 bits.
constexpr bool ParseUnsigned(StringView text, uint64_t* number) {
  uint64_t base = 10;
  if (text.StartsWith("0x") || text.StartsWith("0X")) {
    base = 16;
    text = text.Substring(2);
  } else if (text.size() > 1 && text[0] == '0') {
    base = 8;
  }
  uint64_t value = 0;
  for (const char c : text) {
    const uint64_t digit = DigitValue(c);
    if (digit >= base || __builtin_mul_overflow(value, base, &value) ||
        __builtin_add_overflow(value, digit, &value)) {
      return false;
    }
  }
  if (text.empty()) {
    return false;
  }
  *number = value;
  return true;
}

/// The same of strtoll(3): a sign may stand before it.
constexpr bool ParseSigned(StringView text, int64_t* number) {
  const bool is_negative = text.StartsWith("-");
  if (is_negative || text.StartsWith("+")) {
    text = text.Substring(1);
  }
  uint64_t size = 0;
  if (!ParseUnsigned(text, &size) ||
      size > uint64_t{INT64_MAX} + (is_negative ? 1 : 0)) {
    return false;
  }
  *number = static_cast<int64_t>(is_negative ? 0 - size : size);
  return true;
}

}  // namespace ebpf
