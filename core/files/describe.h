// SPDX-License-Identifier: MIT
//
// The lines of Linux's fdinfo: "key:\tvalue\n".
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/base/string_view.h"
#include "core/base/text_writer.h"

namespace ebpf::fdinfo {

inline void PutNumber(TextWriter& text, StringView key, uint64_t value) {
  text.Put(key).Put(":\t").PutUnsigned(value).Put("\n");
}

inline void PutHex(TextWriter& text, StringView key, uint64_t value) {
  text.Put(key).Put(":\t0x").PutHex(value).Put("\n");
}

inline void PutText(TextWriter& text, StringView key, StringView value) {
  text.Put(key).Put(":\t").Put(value).Put("\n");
}

/// Bytes as hexadecimal digits: a program's tag.
inline void PutBytes(TextWriter& text, StringView key, ConstBytes value) {
  text.Put(key).Put(":\t");
  for (const uint8_t byte : value) {
    text.PutHex(byte, 2);
  }
  text.Put("\n");
}

}  // namespace ebpf::fdinfo
