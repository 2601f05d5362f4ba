// SPDX-License-Identifier: MIT
//
// Shared ownership: an object with a count in it, and the handle on it.
#pragma once

#include "core/base/assert.h"
#include "core/base/atomic.h"
#include "core/base/types.h"

namespace ebpf {

/// An object that dies with its last Ref. T has `void Destroy()`, reachable
/// from here (friend), which frees it after the quiescences that it needs. The
/// last Ref is therefore dropped in task context only.
template <typename T>
class RefCounted : public NonCopyable {
 public:
  /// Takes one more reference. The caller holds one already. Context: any.
  void Acquire() { count_.FetchAdd(1, kRelaxed); }

  /// Takes a reference unless the object is dying; for tables that hold none.
  /// The memory is kept by a read section or lock of the caller. Context: any.
  bool TryAcquire() {
    uint32_t count = count_.Load(kRelaxed);
    while (count != 0) {
      if (count_.CompareExchange(count, count + 1, kRelaxed)) {
        return true;
      }
    }
    return false;
  }

  /// Gives a reference back. Context: task.
  void Release() {
    // Releases what this owner did; the last one acquires what all did.
    if (count_.FetchSub(1, kAcqRel) == 1) {
      static_cast<T*>(this)->Destroy();
    }
  }

  /// The same, but the last one stays the caller's: false. Context: any.
  bool ReleaseUnlessLast() {
    uint32_t count = count_.Load(kRelaxed);
    while (count != 1) {
      // Releases what this owner did, to who gives the last one back.
      if (count_.CompareExchange(count, count - 1, kRelease)) {
        return true;
      }
    }
    return false;
  }

  uint32_t ref_count() const { return count_.Load(kRelaxed); }

 protected:
  constexpr RefCounted() = default;
  ~RefCounted() = default;

 private:
  Atomic<uint32_t> count_{1};
};

/// Owns one reference of a RefCounted T, or nothing.
template <typename T>
class Ref {
 public:
  constexpr Ref() = default;
  Ref(const Ref& other) : object_(other.object_) {
    if (object_ != nullptr) {
      object_->Acquire();
    }
  }
  constexpr Ref(Ref&& other) : object_(Exchange(other.object_, nullptr)) {}
  template <DerivedFrom<T> D>
  constexpr Ref(Ref<D>&& other) : object_(other.Leak()) {}  // NOLINT
  Ref& operator=(Ref other) {
    Swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ != nullptr) {
      object_->Release();
    }
  }

  /// Takes over a reference that the caller owns (a new object has one).
  static Ref Adopt(T* object) {
    Ref ref;
    ref.object_ = object;
    return ref;
  }
  /// Takes a new reference.
  static Ref Share(T& object) {
    object.Acquire();
    return Adopt(&object);
  }

  T* get() const { return object_; }
  T& operator*() const { return *object_; }
  T* operator->() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }

  /// Gives the reference to the caller.
  [[nodiscard]] T* Leak() { return Exchange(object_, nullptr); }

 private:
  T* object_ = nullptr;
};

}  // namespace ebpf
