// SPDX-License-Identifier: MIT
//
// The entries of maps that hold objects: each a reference, or nothing.
#pragma once

#include "core/base/atomic.h"
#include "core/maps/map_checks.h"
#include "core/memory/allocator.h"
#include "core/memory/ref_counted.h"

namespace ebpf {

/// References of T that programs read while others change them. T's Destroy
/// waits for read sections, so who found one uses it until its own ends.
template <typename T>
class ObjectArray : public NonCopyable {
 public:
  explicit ObjectArray(Allocator& allocator) : allocator_(allocator) {}
  ~ObjectArray() {
    Clear();
    if (entries_ != nullptr) {
      allocator_.Free(entries_, size_t{count_} * sizeof(*entries_),
                      alignof(Atomic<T*>));
    }
  }

  /// `count` empty entries; kNoMemory. Context: task, once.
  Status Init(uint32_t count) {
    const size_t size =
        EBPF_TRY(map_checks::TotalBytes(count, sizeof(*entries_)));
    entries_ = static_cast<Atomic<T*>*>(
        allocator_.Allocate(size, alignof(Atomic<T*>)));  // zeros
    if (entries_ == nullptr) {
      return Status::kNoMemory;
    }
    count_ = count;
    return Status::kOk;
  }

  uint32_t count() const { return count_; }
  /// Where the entries are: addresses of Ts, or 0.
  const uint8_t* entries() const {
    return reinterpret_cast<const uint8_t*>(entries_);
  }

  /// What is at `index`, or null. Context: any, in a read section.
  T* At(uint64_t index) const {
    // Pairs with the release in Put.
    return index < count_ ? entries_[index].Load(kAcquire) : nullptr;
  }

  /// Puts `object` (or nothing) at `index`, which there is; what was there.
  /// Context: task, and the result dies in no read section.
  Ref<T> Put(uint32_t index, Ref<T> object) {
    T* const old = entries_[index].Exchange(object.Leak(), kAcqRel);
    return old == nullptr ? Ref<T>() : Ref<T>::Adopt(old);
  }

  /// Lets go of all. Context: task, in no read section.
  void Clear() {
    for (uint32_t i = 0; i < count_; ++i) {
      (void)Put(i, Ref<T>());
    }
  }

 private:
  Allocator& allocator_;
  Atomic<T*>* entries_ = nullptr;
  uint32_t count_ = 0;
};

}  // namespace ebpf
