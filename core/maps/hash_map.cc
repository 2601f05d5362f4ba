// SPDX-License-Identifier: MIT
//
// core/maps/hash_map.h's implementation.
#include "core/maps/hash_map.h"

#include "core/base/assert.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/hash_spec.h"
#include "core/platform/cpu.h"
#include "core/sync/read_section.h"

namespace ebpf {
namespace {

HashMap& AsHashMap(uint64_t map) {
  return static_cast<HashMap&>(*reinterpret_cast<Map*>(map));
}

}  // namespace

void HashMap::Destroy() {
  WaitForReaders();
  table_.ReleaseAll();
  allocator_.Delete(this);
}

bool HashMap::per_cpu() const { return IsPerCpu(spec().type); }

Result<Bytes> HashMap::Lookup(ConstBytes key) {
  EBPF_ASSERT(key.size() == spec().key_size);
  uint8_t* value = table_.Find(key);
  if (value == nullptr) {
    return Status::kNotFound;
  }
  return Bytes(value, spec().value_size);
}

Result<Bytes> HashMap::LookupOnCpu(ConstBytes key, uint32_t cpu) {
  EBPF_ASSERT(key.size() == spec().key_size);
  if (!per_cpu()) {
    return Status::kNotSupportedLinux;
  }
  uint8_t* value =
      cpu < ebpf_port_cpu_count() ? table_.FindOnCpu(key, cpu) : nullptr;
  if (value == nullptr) {
    return Status::kNotFound;
  }
  return Bytes(value, spec().value_size);
}

template <uint32_t kKeySize, bool kPerCpu, bool kEvicts, bool kOnDemand>
uint64_t HashMap::LookUp(uint64_t map, uint64_t key, uint64_t, uint64_t,
                         uint64_t) {
  return reinterpret_cast<uint64_t>(
      AsHashMap(map).table_.FindOfSize<kKeySize, kPerCpu, kEvicts, kOnDemand>(
          reinterpret_cast<const uint8_t*>(key)));
}

template <bool kPerCpu, bool kEvicts, bool kOnDemand>
DirectLookup HashMap::LookupOfSize() const {
  switch (spec().key_size) {
    case 4:
      return LookUp<4, kPerCpu, kEvicts, kOnDemand>;
    case 8:
      return LookUp<8, kPerCpu, kEvicts, kOnDemand>;
    case 16:
      return LookUp<16, kPerCpu, kEvicts, kOnDemand>;
    default:
      return LookUp<0, kPerCpu, kEvicts, kOnDemand>;
  }
}

DirectLookup HashMap::direct_lookup() const {
  switch (spec().type) {
    case MapType::kPerCpuHash:
      return (spec().flags & linux_abi::kMapNoPrealloc) != 0
                 ? LookupOfSize<true, false, true>()
                 : LookupOfSize<true, false>();
    case MapType::kLruHash:
      return LookupOfSize<false, true>();
    case MapType::kLruPerCpuHash:
      return LookupOfSize<true, true>();
    default:
      return LookupOfSize<false, false>();
  }
}

Status HashMap::Update(ConstBytes key, ConstBytes value, UpdateMode mode) {
  EBPF_ASSERT(key.size() == spec().key_size);
  EBPF_ASSERT(value.size() == spec().value_size);
  return table_.Put(key, value, mode, TableCaller::kProgram);
}

Status HashMap::Delete(ConstBytes key) {
  EBPF_ASSERT(key.size() == spec().key_size);
  return table_.Remove(key, TableCaller::kProgram);
}

Result<uint64_t> HashMap::ForEach(ElementVisitor& visitor) {
  return table_.ForEach(visitor);
}

Status HashMap::CopyValueOut(ConstBytes key, Bytes value) {
  EBPF_ASSERT(key.size() == spec().key_size);
  EBPF_ASSERT(value.size() == user_value_size());
  return table_.CopyOut(key, value);
}

Status HashMap::UpdateFromUser(ConstBytes key, ConstBytes value,
                               UpdateMode mode) {
  EBPF_ASSERT(key.size() == spec().key_size);
  EBPF_ASSERT(value.size() == user_value_size());
  return table_.Put(key, value, mode, TableCaller::kTask);
}

Status HashMap::DeleteFromUser(ConstBytes key) {
  EBPF_ASSERT(key.size() == spec().key_size);
  return table_.Remove(key, TableCaller::kTask);
}

Status HashMap::TakeOut(ConstBytes key, Bytes value) {
  EBPF_ASSERT(key.size() == spec().key_size);
  EBPF_ASSERT(value.size() == user_value_size());
  return table_.TakeOut(key, value);
}

Status HashMap::CopyBatch(uint32_t& cursor, MapBatch& batch, bool take) {
  return table_.CopyBatch(cursor, batch, take);
}

Status HashMap::NextKey(ConstBytes key, Bytes next) {
  EBPF_ASSERT(next.size() == spec().key_size);
  EBPF_ASSERT(key.empty() || key.size() == spec().key_size);
  return table_.NextKey(key, next);
}

ConstBytes HashMap::KeyOf(const uint8_t* value, uint32_t&) const {
  return per_cpu() ? ConstBytes() : table_.KeyOf(value);
}

Result<Ref<Map>> CreateHashMap(const MapSpec& spec, Allocator& allocator) {
  EBPF_TRY(CheckHashSpec(spec));
  const MapSpec rounded = RoundedHashSpec(spec);
  HashMap* map = EBPF_TRY(allocator.New<HashMap>(rounded, allocator));
  return AdoptIfOk(map, map->table_.Init(HashTableShape(rounded)), allocator);
}

}  // namespace ebpf
