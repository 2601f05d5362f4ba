// SPDX-License-Identifier: MIT
//
// What a conversion of a print format makes of one value.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"
#include "core/base/string_view.h"
#include "core/base/text_writer.h"

namespace ebpf {

/// `%`, flags, width, precision and what follows.
struct Conversion {
  bool left = false;       // -
  bool plus = false;       // +
  bool space = false;      // a space
  bool alternate = false;  // #
  bool zero = false;       // 0
  bool has_precision = false;
  bool is_linux = false;  // PrintStyle::kLinux
  char kind = '\0';       // the letter; of %p, the one behind
  uint8_t size = 4;       // of the argument: 1, 2, 4 or 8
  uint32_t width = 0;
  uint32_t precision = 0;
};

/// What `\c` stands for. Context: any, as all of these.
constexpr char UnescapeCharacter(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    default:
      return c;
  }
}

void PutSpaces(TextWriter& writer, size_t count);

/// `text`, as wide as it shall be.
void PutPadded(TextWriter& writer, const Conversion& conversion,
               StringView text);

/// %d %i %u %x %X %o of `number`, which is extended to 64 bits.
void PutInteger(TextWriter& writer, const Conversion& conversion,
                uint64_t number);

/// %p and whatever of its kind is not known.
void PutAddress(TextWriter& writer, const Conversion& conversion,
                uint64_t address);

/// %p with letters that say what is at the address: I4 M m MF U h. False:
/// `kinds` is none of them, or it is longer than `memory`.
[[nodiscard]] bool PutMemory(TextWriter& writer, const Conversion& conversion,
                             StringView kinds, ConstBytes memory);

}  // namespace ebpf
