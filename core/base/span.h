// SPDX-License-Identifier: MIT
//
// std::span's part that core uses, and the two spans of bytes.
#pragma once

#include "core/base/types.h"

namespace ebpf {

/// `size` objects from `data` on, owned by somebody else.
template <typename T>
class Span {
 public:
  constexpr Span() = default;
  constexpr Span(T* data, size_t size) : data_(data), size_(size) {}
  template <size_t kSize>
  constexpr Span(T (&array)[kSize])  // NOLINT: implicit
      : data_(array), size_(kSize) {}
  template <typename U>
    requires SameAs<const U, T>
  constexpr Span(Span<U> other)  // NOLINT: implicit
      : data_(other.data()), size_(other.size()) {}

  constexpr T* data() const { return data_; }
  constexpr size_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr T* begin() const { return data_; }
  constexpr T* end() const { return data_ + size_; }

  /// Precondition: index < size().
  constexpr T& operator[](size_t index) const { return data_[index]; }

  /// Precondition: offset <= size(), count <= size() - offset.
  constexpr Span Subspan(size_t offset, size_t count) const {
    return Span(data_ + offset, count);
  }
  constexpr Span Subspan(size_t offset) const {
    return Span(data_ + offset, size_ - offset);
  }
  constexpr Span First(size_t count) const { return Span(data_, count); }

  /// Whether [offset, offset + count) lies inside, for any values.
  constexpr bool Contains(uint64_t offset, uint64_t count) const {
    return offset <= size_ && count <= size_ - offset;
  }

 private:
  T* data_ = nullptr;
  size_t size_ = 0;
};

using Bytes = Span<uint8_t>;
using ConstBytes = Span<const uint8_t>;

/// The bytes of `object`.
template <TriviallyCopyable T>
Bytes BytesOf(T& object) {
  return Bytes(reinterpret_cast<uint8_t*>(&object), sizeof(T));
}
template <TriviallyCopyable T>
ConstBytes BytesOf(const T& object) {
  return ConstBytes(reinterpret_cast<const uint8_t*>(&object), sizeof(T));
}

}  // namespace ebpf
