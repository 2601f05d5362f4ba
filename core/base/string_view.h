// SPDX-License-Identifier: MIT
//
// std::string_view's part that core uses.
#pragma once

#include "core/base/memory.h"

namespace ebpf {

/// Characters owned by somebody else; not terminated by a zero.
class StringView {
 public:
  constexpr StringView() = default;
  constexpr StringView(const char* data, size_t size)
      : data_(data), size_(size) {}
  constexpr StringView(const char* text)  // NOLINT: implicit
      : data_(text), size_(Length(text)) {}

  /// The characters of `field` up to its first zero or its end.
  static constexpr StringView FromField(const char* field, size_t size) {
    size_t length = 0;
    while (length < size && field[length] != '\0') {
      ++length;
    }
    return StringView(field, length);
  }

  constexpr const char* data() const { return data_; }
  constexpr size_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr const char* begin() const { return data_; }
  constexpr const char* end() const { return data_ + size_; }
  constexpr char operator[](size_t index) const { return data_[index]; }

  /// Precondition: offset <= size().
  constexpr StringView Substring(size_t offset) const {
    return StringView(data_ + offset, size_ - offset);
  }
  constexpr StringView First(size_t count) const {
    return StringView(data_, count);
  }

  constexpr bool StartsWith(StringView prefix) const {
    return size_ >= prefix.size_ && First(prefix.size_) == prefix;
  }

  constexpr bool EndsWith(StringView suffix) const {
    return size_ >= suffix.size_ && Substring(size_ - suffix.size_) == suffix;
  }

  constexpr bool Contains(StringView part) const {
    for (size_t at = 0; at + part.size_ <= size_; ++at) {
      if (Substring(at).StartsWith(part)) {
        return true;
      }
    }
    return false;
  }

  /// The index of the first `c`, or size().
  constexpr size_t Find(char c) const {
    size_t at = 0;
    while (at < size_ && data_[at] != c) {
      ++at;
    }
    return at;
  }

  friend constexpr bool operator==(StringView a, StringView b) {
    if (a.size_ != b.size_) {
      return false;
    }
    for (size_t i = 0; i < a.size_; ++i) {
      if (a.data_[i] != b.data_[i]) {
        return false;
      }
    }
    return true;
  }

 private:
  static constexpr size_t Length(const char* text) {
    size_t length = 0;
    while (text[length] != '\0') {
      ++length;
    }
    return length;
  }

  const char* data_ = "";
  size_t size_ = 0;
};

/// Whether `text` is one of `list`.
template <size_t kSize>
constexpr bool IsOneOf(StringView text, const char* const (&list)[kSize]) {
  for (const char* one : list) {
    if (text == one) {
      return true;
    }
  }
  return false;
}

inline ConstBytes BytesOf(StringView text) {
  return ConstBytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

}  // namespace ebpf
