// SPDX-License-Identifier: MIT
//
// core/maps/prog_array_map.h's implementation.
#include "core/maps/prog_array_map.h"

#include "core/base/assert.h"
#include "core/base/memory.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/array_map.h"
#include "core/maps/map_checks.h"
#include "core/sync/read_section.h"

namespace ebpf {
ProgArrayMap::~ProgArrayMap() {
  if (entries_ != nullptr) {
    allocator_.Free(entries_, size_t{count_} * sizeof(*entries_),
                    alignof(Atomic<TailCallTarget*>));
  }
}

Status ProgArrayMap::Init() {
  const size_t size =
      EBPF_TRY(map_checks::TotalBytes(count_, sizeof(*entries_)));
  entries_ = static_cast<Atomic<TailCallTarget*>*>(
      allocator_.Allocate(size, alignof(Atomic<TailCallTarget*>)));  // zeros
  return entries_ == nullptr ? Status::kNoMemory : Status::kOk;
}

void ProgArrayMap::Destroy() {
  UserReferencesGone();
  WaitForReaders();
  allocator_.Delete(this);
}

Status ProgArrayMap::Claim(const TailCallTarget& user) {
  if (user.never_by_tail_call) {
    return Status::kInvalid;
  }
  MutexGuard guard(mutex_);
  if (engine_ == nullptr) {
    engine_ = user.engine;
    type_ = user.type;
    attach_type_ = user.attach_type;
    return Status::kOk;
  }
  return engine_ == user.engine && type_ == user.type &&
                 attach_type_ == user.attach_type
             ? Status::kOk
             : Status::kInvalid;
}

Status ProgArrayMap::Put(uint32_t index, TailCallTarget* target) {
  // Releases what the target points to: pairs with the acquire in At.
  TailCallTarget* const old = entries_[index].Exchange(target, kAcqRel);
  if (old != nullptr) {
    old->release(*old);
  }
  return old != nullptr || target != nullptr ? Status::kOk : Status::kNotFound;
}

Status ProgArrayMap::Set(uint32_t index, TailCallTarget& target) {
  if (index >= count_) {
    return Status::kTooBig;
  }
  EBPF_TRY(Claim(target));
  return Put(index, &target);
}

Status ProgArrayMap::Clear(uint32_t index) {
  return index < count_ ? Put(index, nullptr) : Status::kTooBig;
}

Status ProgArrayMap::CopyValueOut(ConstBytes key, Bytes value) {
  EBPF_ASSERT(value.size() == sizeof(uint32_t));
  const TailCallTarget* target = At(LoadUnaligned<uint32_t>(key.data()));
  if (target == nullptr) {
    return Status::kNotFound;
  }
  StoreUnaligned(value.data(), target->id);
  return Status::kOk;
}

Status ProgArrayMap::NextKey(ConstBytes key, Bytes next) {
  return NextArrayKey(spec(), key, next);
}

void ProgArrayMap::UserReferencesGone() {
  for (uint32_t i = 0; i < count_; ++i) {
    (void)Put(i, nullptr);
  }
}

Result<Ref<Map>> CreateProgArrayMap(const MapSpec& spec, Allocator& allocator) {
  if (spec.value_size != sizeof(uint32_t)) {
    return Status::kInvalid;
  }
  // Linux refuses what would forbid programs to use it, too.
  EBPF_TRY(CheckArraySpec(spec, linux_abi::kMapNumaNode |
                                    linux_abi::kMapReadOnly |
                                    linux_abi::kMapWriteOnly));
  ProgArrayMap* map = EBPF_TRY(allocator.New<ProgArrayMap>(spec, allocator));
  return AdoptIfOk(map, map->Init(), allocator);
}

}  // namespace ebpf
