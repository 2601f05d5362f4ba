// SPDX-License-Identifier: MIT
//
// Objects that programs make for themselves (bpf_obj_new), and what is known of
// their types when a program is loaded.
//
// An object begins behind a header that says of which type it is, so that
// whoever drops it needs nothing else: another program that found it in a map,
// or the map when it dies. A type has a cache of its own (element_cache.h):
// what was an object stays one of the same type until the read sections of then
// have ended.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/status.h"
#include "core/btf/btf.h"
#include "core/maps/element_cache.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// A type that a program makes objects of. Lives as long as the program or an
/// object of it.
class ObjectType : public NonCopyable {
 public:
  static constexpr uint32_t kNoCount = ~uint32_t{0};

  /// Whether there can be objects of type `id` of `btf`; `kernel` has the
  /// kernel's types, or is null. kInvalid: no struct, or its special fields are
  /// misplaced; kNotSupportedLinux: it has others than a lock and a reference
  /// count; kTooBig, and what FindFields says. `count_offset`: where the latter
  /// is, or kNoCount. Context: any.
  static Status Check(const btf::Btf& btf, btf::TypeId id,
                      const btf::Btf* kernel, uint32_t& count_offset);

  /// The same errors; kNoMemory. Context: task.
  static Result<ObjectType*> Create(const btf::Btf& btf, btf::TypeId id,
                                    const btf::Btf* kernel,
                                    Allocator& allocator);

  /// The program goes, or an object. Context: any.
  void Release();

  btf::TypeId id() const { return id_; }

  /// An object, zeros, with one reference; null where there is none just now.
  /// Context: any.
  void* New();

  /// Gives one reference back. Context: any.
  static void Drop(void* object);

  /// Takes one more, of a type with a bpf_refcount; false: the object has gone,
  /// and only a read section keeps its memory. Context: any.
  static bool Acquire(void* object);

 private:
  friend class Allocator;

  /// In front of each object.
  struct Header {
    uint64_t link;  // the cache's while the object is free
    ObjectType* type;
  };
  static_assert(sizeof(Header) == 16);

  ObjectType(btf::TypeId id, uint32_t size, uint32_t count_offset,
             Allocator& allocator)
      : allocator_(allocator),
        id_(id),
        size_(size),
        count_offset_(count_offset) {}
  ~ObjectType() = default;

  static Header& HeaderOf(void* object) {
    return static_cast<Header*>(object)[-1];
  }
  Atomic<uint32_t>& CountOf(void* object) const {
    return *reinterpret_cast<Atomic<uint32_t>*>(static_cast<uint8_t*>(object) +
                                                count_offset_);
  }
  static bool IsLast(Atomic<uint32_t>& count);
  static void Destroy(void* self);

  Allocator& allocator_;
  const btf::TypeId id_;
  const uint32_t size_;          // a multiple of 8
  const uint32_t count_offset_;  // of the bpf_refcount, or kNoCount
  Ref<ElementCache> cache_;
  /// The program, and the objects.
  Atomic<uint64_t> users_{1};
};

}  // namespace ebpf
