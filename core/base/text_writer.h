// SPDX-License-Identifier: MIT
//
// Text written into a buffer of fixed size: logs, names, dumps.
#pragma once

#include "core/base/string_view.h"

namespace ebpf {

/// Appends text to a buffer and never past it. What did not fit is counted:
/// `wanted()` tells how much there would have been.
class TextWriter {
 public:
  constexpr TextWriter() = default;
  constexpr TextWriter(char* buffer, size_t size)
      : buffer_(buffer), capacity_(size) {}

  void Put(char c) {
    if (wanted_ < capacity_) {
      buffer_[wanted_] = c;
    }
    ++wanted_;
  }
  TextWriter& Put(StringView text) {
    for (char c : text) {
      Put(c);
    }
    return *this;
  }
  TextWriter& PutUnsigned(uint64_t value) {
    char digits[20];
    size_t count = 0;
    do {
      digits[count++] = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value != 0);
    while (count != 0) {
      Put(digits[--count]);
    }
    return *this;
  }
  TextWriter& PutSigned(int64_t value) {
    if (value < 0) {
      Put('-');
      return PutUnsigned(0 - static_cast<uint64_t>(value));
    }
    return PutUnsigned(static_cast<uint64_t>(value));
  }
  /// `value` in lower-case hexadecimal without prefix, at least `width` digits.
  TextWriter& PutHex(uint64_t value, unsigned width = 1) {
    unsigned digits = 1;
    while (digits < 16 && value >> (4 * digits) != 0) {
      ++digits;
    }
    for (unsigned i = Max(digits, width); i-- > 0;) {
      Put(i < 16 ? "0123456789abcdef"[(value >> (4 * i)) & 15] : '0');
    }
    return *this;
  }

  /// What is in the buffer.
  StringView text() const {
    return StringView(buffer_, Min(wanted_, capacity_));
  }
  /// The characters that were put, those that did not fit included.
  size_t wanted() const { return wanted_; }
  bool truncated() const { return wanted_ > capacity_; }
  void Clear() { wanted_ = 0; }
  /// Forgets what was put beyond the first `wanted` characters.
  void TruncateTo(size_t wanted) { wanted_ = Min(wanted_, wanted); }

 private:
  char* buffer_ = nullptr;
  size_t capacity_ = 0;
  size_t wanted_ = 0;
};

}  // namespace ebpf
