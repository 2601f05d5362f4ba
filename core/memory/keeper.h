// SPDX-License-Identifier: MIT
//
// Keeping an object alive without knowing its type.
#pragma once

#include "core/memory/ref_counted.h"

namespace ebpf {

/// Names a RefCounted object, or none. Holds no reference of its own.
class Keeper {
 public:
  constexpr Keeper(decltype(nullptr)) {}  // NOLINT: none
  template <typename T>
  Keeper(T* object)  // NOLINT: stands for the object
      : object_(object),
        acquire_([](void* self) { static_cast<T*>(self)->Acquire(); }),
        release_([](void* self) { static_cast<T*>(self)->Release(); }) {}

  /// The caller holds a reference already. Context: any.
  void Acquire() const {
    if (object_ != nullptr) {
      acquire_(object_);
    }
  }
  /// Context: task.
  void Release() const {
    if (object_ != nullptr) {
      release_(object_);
    }
  }

 private:
  void* object_ = nullptr;
  void (*acquire_)(void*) = nullptr;
  void (*release_)(void*) = nullptr;
};

}  // namespace ebpf
