// SPDX-License-Identifier: MIT
//
// core/maps/hash_of_maps_map.h's implementation.
#include "core/maps/hash_of_maps_map.h"

#include "core/base/assert.h"
#include "core/base/memory.h"
#include "core/maps/hash_spec.h"
#include "core/maps/map_of_maps.h"
#include "core/maps/shared_bytes.h"
#include "core/memory/buffer.h"
#include "core/sync/read_section.h"

namespace ebpf {
namespace {

/// The map whose address a value is.
Map* MapAt(const uint8_t* value) {
  uint64_t address;
  shared_bytes::Load(
      Bytes(reinterpret_cast<uint8_t*>(&address), sizeof(address)), value);
  return reinterpret_cast<Map*>(address);
}

/// Gives the reference that an element holds back.
class Releaser final : public ElementVisitor {
 public:
  bool Visit(ConstBytes /*key*/, Bytes value) override {
    MapAt(value.data())->Release();
    return true;
  }
};

}  // namespace

void HashOfMapsMap::Destroy() {
  WaitForReaders();
  Releaser releaser;
  (void)table_.ForEach(releaser);
  allocator_.Delete(this);
}

Status HashOfMapsMap::Set(ConstBytes key, Ref<Map> map, UpdateMode mode) {
  EBPF_ASSERT(key.size() == spec().key_size);
  if (!IsLike(*map, *inner_)) {
    return Status::kInvalid;
  }
  const auto address = reinterpret_cast<uint64_t>(map.get());
  Ref<Map> old;  // dies when the mutex is free again
  const MutexGuard guard(mutex_);
  const uint8_t* const found = table_.Find(key);
  Map* const before = found == nullptr ? nullptr : MapAt(found);
  EBPF_TRY(table_.Put(
      key,
      ConstBytes(reinterpret_cast<const uint8_t*>(&address), sizeof(address)),
      mode, TableCaller::kTask));
  (void)map.Leak();
  if (before != nullptr) {
    old = Ref<Map>::Adopt(before);
  }
  return Status::kOk;
}

Status HashOfMapsMap::Clear(ConstBytes key) {
  EBPF_ASSERT(key.size() == spec().key_size);
  Ref<Map> old;  // dies when the mutex is free again
  const MutexGuard guard(mutex_);
  const uint8_t* const found = table_.Find(key);
  if (found == nullptr) {
    return Status::kNotFound;
  }
  Map* const before = MapAt(found);
  EBPF_TRY(table_.Remove(key, TableCaller::kTask));
  old = Ref<Map>::Adopt(before);
  return Status::kOk;
}

Result<Bytes> HashOfMapsMap::Lookup(ConstBytes key) {
  EBPF_ASSERT(key.size() == spec().key_size);
  const uint8_t* const found = table_.Find(key);
  if (found == nullptr) {
    return Status::kNotFound;
  }
  return Bytes(reinterpret_cast<uint8_t*>(MapAt(found)), size_t{0});
}

template <uint32_t kKeySize>
uint64_t HashOfMapsMap::LookUp(uint64_t map, uint64_t key, uint64_t, uint64_t,
                               uint64_t) {
  const uint8_t* const found =
      From(*reinterpret_cast<Map*>(map))
          .table_.FindOfSize<kKeySize>(reinterpret_cast<const uint8_t*>(key));
  return found == nullptr ? 0 : reinterpret_cast<uint64_t>(MapAt(found));
}

DirectLookup HashOfMapsMap::direct_lookup() const {
  switch (spec().key_size) {
    case 4:
      return LookUp<4>;
    case 8:
      return LookUp<8>;
    case 16:
      return LookUp<16>;
    default:
      return LookUp<0>;
  }
}

Status HashOfMapsMap::CopyValueOut(ConstBytes key, Bytes value) {
  EBPF_ASSERT(value.size() == sizeof(uint32_t));
  const Bytes found = EBPF_TRY(Lookup(key));
  StoreUnaligned(value.data(), reinterpret_cast<Map*>(found.data())->id());
  return Status::kOk;
}

Status HashOfMapsMap::CopyBatch(uint32_t& cursor, MapBatch& batch, bool take) {
  EBPF_ASSERT(batch.count == 0);
  Buffer<uint64_t> addresses(allocator_);
  EBPF_TRY(addresses.Allocate(batch.capacity));
  MapBatch found = {batch.keys,
                    Bytes(reinterpret_cast<uint8_t*>(addresses.span().data()),
                          addresses.span().size() * sizeof(uint64_t)),
                    batch.capacity, 0};
  Status status = Status::kOk;
  {
    const MutexGuard guard(mutex_);  // keeps the maps
    status = table_.CopyBatch(cursor, found, take);
    for (uint32_t i = 0; i < found.count; ++i) {
      const auto* map = reinterpret_cast<const Map*>(addresses[i]);
      StoreUnaligned(batch.values.data() + i * sizeof(uint32_t), map->id());
    }
  }
  batch.count = found.count;
  for (uint32_t i = 0; take && i < found.count; ++i) {
    reinterpret_cast<Map*>(addresses[i])->Release();
  }
  return status;
}

Status HashOfMapsMap::NextKey(ConstBytes key, Bytes next) {
  EBPF_ASSERT(next.size() == spec().key_size);
  return table_.NextKey(key, next);
}

Result<Ref<Map>> CreateHashOfMapsMap(const MapSpec& spec,
                                     Allocator& allocator) {
  EBPF_TRY(CheckMapOfMapsSpec(spec));
  Ref<Map> inner = EBPF_TRY(MapTemplate::Of(spec.inner, allocator));
  MapSpec own = spec;
  own.inner = nullptr;
  HashOfMapsMap* map =
      EBPF_TRY(allocator.New<HashOfMapsMap>(own, Move(inner), allocator));
  TableShape shape = HashTableShape(own);
  shape.value_size = sizeof(uint64_t);
  return AdoptIfOk(map, map->table_.Init(shape), allocator);
}

}  // namespace ebpf
