// SPDX-License-Identifier: MIT
//
// core/maps/perf_event_array_map.h's implementation.
#include "core/maps/perf_event_array_map.h"

#include "core/linux_abi/bpf.h"
#include "core/maps/array_map.h"
#include "core/sync/read_section.h"

namespace ebpf {

PerfEventArrayMap::~PerfEventArrayMap() { allocator_.DeleteArray(users_); }

Status PerfEventArrayMap::Init() {
  EBPF_TRY(events_.Init(spec().max_entries));
  MutexGuard guard(mutex_);
  users_ = EBPF_TRY(allocator_.NewArray<const void*>(spec().max_entries));
  return Status::kOk;
}

void PerfEventArrayMap::Destroy() {
  WaitForReaders();
  allocator_.Delete(this);
}

Status PerfEventArrayMap::Set(uint32_t index, Ref<ArrayedEvent> event,
                              const void* user) {
  if (index >= events_.count()) {
    return Status::kTooBig;
  }
  Ref<ArrayedEvent> old;  // dies without the lock
  MutexGuard guard(mutex_);
  users_[index] = user;
  old = events_.Put(index, Move(event));
  return Status::kOk;
}

Status PerfEventArrayMap::Clear(uint32_t index) {
  if (index >= events_.count()) {
    return Status::kTooBig;
  }
  const Ref<ArrayedEvent> old = events_.Put(index, Ref<ArrayedEvent>());
  return old ? Status::kOk : Status::kNotFound;
}

void PerfEventArrayMap::UserGone(const void* user) {
  if ((spec().flags & linux_abi::kMapPreserveElems) != 0) {
    return;
  }
  for (uint32_t i = 0; i < events_.count(); ++i) {
    Ref<ArrayedEvent> old;  // dies without the lock
    MutexGuard guard(mutex_);
    if (users_[i] == user) {
      users_[i] = nullptr;
      old = events_.Put(i, Ref<ArrayedEvent>());
    }
  }
}

Status PerfEventArrayMap::NextKey(ConstBytes key, Bytes next) {
  return NextArrayKey(spec(), key, next);
}

Result<Ref<Map>> CreatePerfEventArrayMap(const MapSpec& spec,
                                         Allocator& allocator) {
  if (spec.value_size != sizeof(uint32_t)) {
    return Status::kInvalid;
  }
  EBPF_TRY(CheckArraySpec(
      spec, linux_abi::kMapNumaNode | linux_abi::kMapPreserveElems |
                linux_abi::kMapReadOnly | linux_abi::kMapWriteOnly));
  PerfEventArrayMap* map =
      EBPF_TRY(allocator.New<PerfEventArrayMap>(spec, allocator));
  return AdoptIfOk(map, map->Init(), allocator);
}

}  // namespace ebpf
