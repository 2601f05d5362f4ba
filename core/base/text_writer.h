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
    if (wanted_ - first_ < capacity_) {
      buffer_[at_] = c;
      Advance();
    } else if (rolling_ && capacity_ != 0) {
      buffer_[at_] = c;
      Advance();
      ++first_;
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

  /// What is in the buffer. Precondition: not rolling.
  StringView text() const {
    return StringView(buffer_, Min(wanted_ - first_, capacity_));
  }
  /// The characters that were put, those that did not fit included.
  size_t wanted() const { return wanted_; }
  bool truncated() const { return first_ != 0 || wanted_ > capacity_; }
  void Clear() { wanted_ = first_ = at_ = 0; }

  /// From now on what is put last is kept and what was put first gives way,
  /// until StopRolling; unless something did not fit already.
  void Roll() { rolling_ = wanted_ <= capacity_; }
  /// Brings what was kept in order: text() is the end of all that was put.
  void StopRolling() {
    const size_t kept = wanted_ - first_;
    if (rolling_ && at_ != kept && capacity_ != 0) {
      const size_t start = (at_ + capacity_ - kept) % capacity_;
      Reverse(0, start);
      Reverse(start, capacity_);
      Reverse(0, capacity_);
      at_ = kept == capacity_ ? 0 : kept;
    }
    rolling_ = false;
  }

  /// Forgets what was put beyond the first `wanted` characters. Of a rolling
  /// text, those of them that gave way are not there.
  void TruncateTo(size_t wanted) {
    if (wanted >= wanted_) {
      return;
    }
    if (wanted <= first_) {
      first_ = wanted_ = wanted;
      at_ = 0;
      return;
    }
    // As many steps back as characters were really put.
    const size_t kept = Min(wanted_ - first_, capacity_);
    const size_t left = Min(wanted - first_, capacity_);
    at_ = (at_ + capacity_ - (kept - left)) % Max(capacity_, size_t{1});
    wanted_ = wanted;
  }

 private:
  void Advance() { at_ = at_ + 1 == capacity_ ? 0 : at_ + 1; }

  void Reverse(size_t from, size_t to) {
    while (from + 1 < to) {
      const char c = buffer_[from];
      buffer_[from++] = buffer_[--to];
      buffer_[to] = c;
    }
  }

  char* buffer_ = nullptr;
  size_t capacity_ = 0;
  size_t wanted_ = 0;  // characters that were put
  size_t first_ = 0;   // those of them that gave way to later ones
  size_t at_ = 0;      // where the next goes, modulo capacity_
  bool rolling_ = false;
};

}  // namespace ebpf
