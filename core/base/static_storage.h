// SPDX-License-Identifier: MIT
//
// Room for a global object that is made and destroyed by hand: kernels run
// neither global constructors nor destructors.
#pragma once

#include "core/base/construct.h"
#include "core/base/types.h"

namespace ebpf {

/// A global of type T between Construct and Destroy. Declared constinit; its
/// bytes are zero before, which is what an unconstructed T looks like.
template <typename T>
class StaticStorage {
 public:
  constexpr StaticStorage() = default;
  StaticStorage(const StaticStorage&) = delete;
  StaticStorage& operator=(const StaticStorage&) = delete;

  /// Once, or again after Destroy.
  template <typename... Args>
  T& Construct(Args&&... args) {
    return *new (InPlace{bytes_}) T(Forward<Args>(args)...);
  }
  void Destroy() { get().~T(); }

  /// Precondition of all below: constructed.
  T& get() { return *reinterpret_cast<T*>(bytes_); }
  T& operator*() { return get(); }
  T* operator->() { return &get(); }

 private:
  alignas(T) uint8_t bytes_[sizeof(T)] = {};
};

}  // namespace ebpf
