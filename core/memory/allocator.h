// SPDX-License-Identifier: MIT
//
// Where core's objects get their memory.
#pragma once

#include "core/base/checked.h"
#include "core/base/construct.h"
#include "core/base/span.h"
#include "core/base/status.h"

namespace ebpf {

/// Gives zeroed memory and takes it back. Context of all: task.
class Allocator : public NonCopyable {
 public:
  static constexpr size_t kPageSize = 4096;

  /// `size` zeroed bytes aligned to `align`, or null. `size` is not 0.
  [[nodiscard]] virtual void* Allocate(size_t size, size_t align) = 0;
  virtual void Free(void* memory, size_t size, size_t align) = 0;

  /// The same for memory that processes may map (core/platform/mappable.h), in
  /// whole pages.
  [[nodiscard]] virtual void* AllocateMappable(size_t size) {
    return Allocate(size, kPageSize);
  }
  virtual void FreeMappable(void* memory, size_t size) {
    Free(memory, size, kPageSize);
  }

  /// A T made of `args`, or kNoMemory. A T with private constructor and
  /// destructor makes Allocator its friend.
  template <typename T, typename... Args>
  Result<T*> New(Args&&... args) {
    void* memory = Allocate(sizeof(T), alignof(T));
    if (memory == nullptr) {
      return Status::kNoMemory;
    }
    return new (InPlace{memory}) T(Forward<Args>(args)...);
  }
  template <typename T>
  void Delete(T* object) {
    object->~T();
    Free(object, sizeof(T), alignof(T));
  }

  /// `count` zeroed Ts (kOverflow, kNoMemory); an empty span for 0.
  template <typename T>
    requires TriviallyCopyable<T>
  Result<Span<T>> NewArray(size_t count) {
    if (count == 0) {
      return Span<T>();
    }
    const size_t size = EBPF_TRY(CheckedMul(count, sizeof(T)));
    void* memory = Allocate(size, alignof(T));
    if (memory == nullptr) {
      return Status::kNoMemory;
    }
    return Span<T>(static_cast<T*>(memory), count);
  }
  template <typename T>
  void DeleteArray(Span<T> array) {
    if (!array.empty()) {
      Free(array.data(), array.size() * sizeof(T), alignof(T));
    }
  }

 protected:
  constexpr Allocator() = default;
  ~Allocator() = default;
};

/// ebpf_port_alloc, ebpf_port_mappable_alloc, and what takes it back. Counts
/// what is outstanding.
Allocator& PortAllocator();

/// Bytes that PortAllocator() gave and has not got back. Context: any.
uint64_t PortAllocatedBytes();

}  // namespace ebpf
