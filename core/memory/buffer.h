// SPDX-License-Identifier: MIT
//
// An array that frees itself.
#pragma once

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// Owns the array that Allocate made, until it is taken. Context: task.
template <typename T>
class Buffer : public NonCopyable {
 public:
  explicit Buffer(Allocator& allocator) : allocator_(allocator) {}
  ~Buffer() { allocator_.DeleteArray(array_); }

  /// `count` zeroed Ts; kNoMemory, kOverflow. Once.
  Status Allocate(size_t count) {
    array_ = EBPF_TRY(allocator_.NewArray<T>(count));
    return Status::kOk;
  }

  Span<T> span() const { return array_; }
  T& operator[](size_t index) const { return array_[index]; }

  /// The array is the caller's from now on.
  Span<T> Take() { return Exchange(array_, Span<T>()); }

 private:
  Allocator& allocator_;
  Span<T> array_;
};

}  // namespace ebpf
