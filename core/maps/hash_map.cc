// SPDX-License-Identifier: MIT
//
// core/maps/hash_map.h's implementation.
#include "core/maps/hash_map.h"

#include "core/base/assert.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/map_checks.h"
#include "core/platform/time.h"
#include "core/sync/read_section.h"

namespace ebpf {
namespace {

// Linux's largest kmalloc, and its header of an element in there.
constexpr uint64_t kMaxElementBytes = (4 << 20) - 48;
constexpr uint32_t kMaxEntries = uint32_t{1} << 31;
// Linux's buckets are 16 bytes, and their sum has 32 bits.
constexpr uint64_t kMaxBuckets = UINT32_MAX / 16;

constexpr uint32_t kFlags = linux_abi::kMapNoPrealloc |
                            linux_abi::kMapNumaNode | linux_abi::kMapZeroSeed |
                            map_checks::kAccessFlags;

Status CheckSpec(const MapSpec& spec) {
  EBPF_TRY(map_checks::CheckFlags(spec.flags, kFlags));
  if (spec.max_entries == 0 || spec.key_size == 0 || spec.value_size == 0) {
    return Status::kInvalid;
  }
  if (uint64_t{spec.key_size} + spec.value_size >= kMaxElementBytes ||
      spec.max_entries > kMaxEntries ||
      RoundUpToPowerOfTwo(spec.max_entries) > kMaxBuckets) {
    return Status::kTooBig;
  }
  return Status::kOk;
}

}  // namespace

void HashMap::Destroy() {
  WaitForReaders();
  allocator_.Delete(this);
}

void HashMap::CheckSizes(ConstBytes key, size_t value_size) const {
  EBPF_ASSERT(key.size() == spec().key_size);
  EBPF_ASSERT(value_size == spec().value_size);
}

Result<Bytes> HashMap::Lookup(ConstBytes key) {
  EBPF_ASSERT(key.size() == spec().key_size);
  uint8_t* value = table_.Find(key);
  if (value == nullptr) {
    return Status::kNotFound;
  }
  return Bytes(value, spec().value_size);
}

template <uint32_t kKeySize>
uint64_t HashMap::LookUp(uint64_t map, uint64_t key, uint64_t, uint64_t,
                         uint64_t) {
  const HashTable& table =
      static_cast<HashMap*>(reinterpret_cast<Map*>(map))->table_;
  return reinterpret_cast<uint64_t>(
      table.FindOfSize<kKeySize>(reinterpret_cast<const uint8_t*>(key)));
}

DirectLookup HashMap::direct_lookup() const {
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

Status HashMap::Update(ConstBytes key, ConstBytes value, UpdateMode mode) {
  CheckSizes(key, value.size());
  return table_.Put(key, value, mode, TableCaller::kProgram);
}

Status HashMap::Delete(ConstBytes key) {
  EBPF_ASSERT(key.size() == spec().key_size);
  return table_.Remove(key, TableCaller::kProgram);
}

Result<uint64_t> HashMap::ForEach(ElementVisitor& visitor) {
  return table_.ForEach(visitor, spec().value_size);
}

Status HashMap::CopyValueOut(ConstBytes key, Bytes value) {
  CheckSizes(key, value.size());
  return table_.CopyOut(key, value);
}

Status HashMap::UpdateFromUser(ConstBytes key, ConstBytes value,
                               UpdateMode mode) {
  CheckSizes(key, value.size());
  return table_.Put(key, value, mode, TableCaller::kTask);
}

Status HashMap::DeleteFromUser(ConstBytes key) {
  EBPF_ASSERT(key.size() == spec().key_size);
  return table_.Remove(key, TableCaller::kTask);
}

Status HashMap::NextKey(ConstBytes key, Bytes next) {
  CheckSizes(key.empty() ? ConstBytes(next.data(), next.size()) : key,
             spec().value_size);
  return table_.NextKey(key, next);
}

Result<Ref<Map>> CreateHashMap(const MapSpec& spec, Allocator& allocator) {
  EBPF_TRY(CheckSpec(spec));
  HashMap* map = EBPF_TRY(allocator.New<HashMap>(spec, allocator));
  const bool zero_seed = (spec.flags & linux_abi::kMapZeroSeed) != 0;
  const Status status =
      map->table_.Init(spec.key_size, spec.value_size, spec.max_entries,
                       zero_seed ? 0 : ebpf_port_random());
  if (!IsOk(status)) {
    allocator.Delete(map);
    return status;
  }
  return Ref<Map>::Adopt(map);
}

}  // namespace ebpf
