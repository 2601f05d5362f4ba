// SPDX-License-Identifier: MIT
//
// A growing array whose growth can fail.
#pragma once

#include "core/base/memory.h"
#include "core/base/span.h"
#include "core/base/status.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// Context: task.
template <TriviallyCopyable T>
class Vector : public NonCopyable {
 public:
  explicit Vector(Allocator& allocator) : allocator_(allocator) {}
  ~Vector() { allocator_.DeleteArray(storage_); }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](size_t index) { return storage_[index]; }
  const T& operator[](size_t index) const { return storage_[index]; }
  T* begin() { return storage_.data(); }
  T* end() { return storage_.data() + size_; }
  const T* begin() const { return storage_.data(); }
  const T* end() const { return storage_.data() + size_; }

  /// What is in it, until it grows.
  Span<T> span() { return storage_.First(size_); }
  Span<const T> span() const { return Span<const T>(storage_.data(), size_); }

  /// kNoMemory, kOverflow; nothing has changed then.
  Status PushBack(const T& value) { return Append(Span<const T>(&value, 1)); }

  /// `values` are not of this vector.
  Status Append(Span<const T> values) {
    const size_t wanted = EBPF_TRY(CheckedAdd(size_, values.size()));
    EBPF_TRY(Reserve(wanted));
    CopyBytes(storage_.data() + size_, values.data(),
              values.size() * sizeof(T));
    size_ += values.size();
    return Status::kOk;
  }

  Status Reserve(size_t capacity) {
    if (capacity <= storage_.size()) {
      return Status::kOk;
    }
    const size_t wanted =
        Max(capacity, Max(storage_.size() * 2, size_t{kFirstCapacity}));
    const Span<T> grown = EBPF_TRY(allocator_.NewArray<T>(wanted));
    CopyBytes(grown.data(), storage_.data(), size_ * sizeof(T));
    allocator_.DeleteArray(storage_);
    storage_ = grown;
    return Status::kOk;
  }

 private:
  static constexpr size_t kFirstCapacity = 8;

  Allocator& allocator_;
  Span<T> storage_;
  size_t size_ = 0;
};

}  // namespace ebpf
