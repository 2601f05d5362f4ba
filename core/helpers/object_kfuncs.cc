// SPDX-License-Identifier: MIT
//
// Objects of a program's own: made, shared, dropped, and kept in maps. The
// verifier says of which type they are, and that each reference is given back
// once or moves into a map; core/maps/program_object.h is what they are.
#include "core/base/atomic.h"
#include "core/helpers/functions.h"
#include "core/helpers/kfunc_functions.h"
#include "core/maps/program_object.h"
#include "core/program/program.h"
#include "core/program/run_context.h"

namespace ebpf::helpers {

/// void *bpf_obj_new_impl(u64 local_type_id__k, void *meta__ign)
uint64_t ObjNew(uint64_t type_id, uint64_t, uint64_t, uint64_t, uint64_t) {
  ObjectType* const type =
      CurrentRun()->program->FindObjectType(static_cast<btf::TypeId>(type_id));
  return type == nullptr ? 0 : reinterpret_cast<uint64_t>(type->New());
}

/// void bpf_obj_drop_impl(void *p__alloc, void *meta__ign)
uint64_t ObjDrop(uint64_t object, uint64_t, uint64_t, uint64_t, uint64_t) {
  ObjectType::Drop(reinterpret_cast<void*>(object));
  return 0;
}

/// void *bpf_refcount_acquire_impl(void *p__refcounted_kptr, void *meta__ign)
uint64_t RefcountAcquire(uint64_t object, uint64_t, uint64_t, uint64_t,
                         uint64_t) {
  return ObjectType::Acquire(reinterpret_cast<void*>(object)) ? object : 0;
}

/// void *bpf_kptr_xchg(dst, ptr)
uint64_t KptrXchg(uint64_t slot, uint64_t object, uint64_t, uint64_t,
                  uint64_t) {
  // Releases what is in the object; acquires what is in the other.
  return reinterpret_cast<Atomic<uint64_t>*>(slot)->Exchange(object, kAcqRel);
}

}  // namespace ebpf::helpers
