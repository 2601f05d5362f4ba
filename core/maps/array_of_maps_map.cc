// SPDX-License-Identifier: MIT
//
// core/maps/array_of_maps_map.h's implementation.
#include "core/maps/array_of_maps_map.h"

#include "core/base/assert.h"
#include "core/base/memory.h"
#include "core/maps/array_map.h"
#include "core/maps/map_of_maps.h"
#include "core/sync/read_section.h"

namespace ebpf {

void ArrayOfMapsMap::Destroy() {
  WaitForReaders();
  allocator_.Delete(this);
}

Status ArrayOfMapsMap::Set(uint32_t index, Ref<Map> map) {
  if (index >= maps_.count()) {
    return Status::kTooBig;
  }
  if (!IsLike(*map, *inner_)) {
    return Status::kInvalid;
  }
  (void)maps_.Put(index, Move(map));
  return Status::kOk;
}

Status ArrayOfMapsMap::Clear(uint32_t index) {
  if (index >= maps_.count()) {
    return Status::kTooBig;
  }
  const Ref<Map> old = maps_.Put(index, Ref<Map>());
  return old ? Status::kOk : Status::kNotFound;
}

Result<Bytes> ArrayOfMapsMap::Lookup(ConstBytes key) {
  EBPF_ASSERT(key.size() == sizeof(uint32_t));
  Map* const map = maps_.At(LoadUnaligned<uint32_t>(key.data()));
  if (map == nullptr) {
    return Status::kNotFound;
  }
  return Bytes(reinterpret_cast<uint8_t*>(map), size_t{0});
}

bool ArrayOfMapsMap::GetLayout(ArrayLayout& layout) const {
  layout.base = maps_.entries();
  layout.entry_count = maps_.count();
  layout.element_size = sizeof(void*);
  layout.holds_results = true;
  return true;
}

Status ArrayOfMapsMap::CopyValueOut(ConstBytes key, Bytes value) {
  EBPF_ASSERT(value.size() == sizeof(uint32_t));
  const Map* const map = maps_.At(LoadUnaligned<uint32_t>(key.data()));
  if (map == nullptr) {
    return Status::kNotFound;
  }
  StoreUnaligned(value.data(), map->id());
  return Status::kOk;
}

Status ArrayOfMapsMap::NextKey(ConstBytes key, Bytes next) {
  return NextArrayKey(spec(), key, next);
}

Result<Ref<Map>> CreateArrayOfMapsMap(const MapSpec& spec,
                                      Allocator& allocator) {
  EBPF_TRY(CheckMapOfMapsSpec(spec));
  Ref<Map> inner = EBPF_TRY(MapTemplate::Of(spec.inner, allocator));
  MapSpec own = spec;
  own.inner = nullptr;
  ArrayOfMapsMap* map =
      EBPF_TRY(allocator.New<ArrayOfMapsMap>(own, Move(inner), allocator));
  return AdoptIfOk(map, map->maps_.Init(spec.max_entries), allocator);
}

}  // namespace ebpf
