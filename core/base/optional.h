// SPDX-License-Identifier: MIT
//
// std::optional's part that core uses.
#pragma once

#include "core/base/construct.h"
#include "core/base/types.h"

namespace ebpf {

struct NullOptional {};
inline constexpr NullOptional kNullOptional;

/// A value that may be absent. T is copied and moved as T is.
template <typename T>
class Optional {
 public:
  constexpr Optional() : has_value_(false) {}
  constexpr Optional(NullOptional) : has_value_(false) {}  // NOLINT: implicit
  constexpr Optional(const T& value) : has_value_(true) {  // NOLINT: implicit
    ConstructAt<T>(&value_, value);
  }
  constexpr Optional(T&& value) : has_value_(true) {  // NOLINT: implicit
    ConstructAt<T>(&value_, Move(value));
  }
  constexpr Optional(const Optional& other) : has_value_(other.has_value_) {
    if (has_value_) {
      ConstructAt<T>(&value_, other.value_);
    }
  }
  constexpr Optional(Optional&& other) : has_value_(other.has_value_) {
    if (has_value_) {
      ConstructAt<T>(&value_, Move(other.value_));
    }
  }
  constexpr Optional& operator=(Optional other) {
    Reset();
    has_value_ = other.has_value_;
    if (has_value_) {
      ConstructAt<T>(&value_, Move(other.value_));
    }
    return *this;
  }
  constexpr ~Optional() { Reset(); }

  constexpr bool has_value() const { return has_value_; }
  constexpr explicit operator bool() const { return has_value_; }

  constexpr void Reset() {
    if (has_value_) {
      DestroyAt(&value_);
      has_value_ = false;
    }
  }

  /// Precondition of all below: has_value().
  constexpr T& operator*() { return value_; }
  constexpr const T& operator*() const { return value_; }
  constexpr T* operator->() { return &value_; }
  constexpr const T* operator->() const { return &value_; }

 private:
  bool has_value_;
  union {
    T value_;
  };
};

}  // namespace ebpf
