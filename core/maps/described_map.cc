// SPDX-License-Identifier: MIT
//
// core/maps/described_map.h's implementation: the rules of Linux 6.12 for the
// attributes of each kind. [kernel.org Documentation/bpf/map_*]
#include "core/maps/described_map.h"

#include "core/base/bits.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/map_checks.h"

namespace ebpf {
namespace {

using map_checks::CheckFlags;
using map_checks::kAccessFlags;
using map_checks::kPageSize;

constexpr uint32_t kNuma = linux_abi::kMapNumaNode;
constexpr uint32_t kUserAccess =
    linux_abi::kMapReadOnly | linux_abi::kMapWriteOnly;
constexpr uint32_t kSocketFd = 4;
constexpr uint32_t kSocketCookie = 8;

Status Require(bool is_fine) {
  return is_fine ? Status::kOk : Status::kInvalid;
}

Status CheckDeviceMap(const MapSpec& spec) {
  EBPF_TRY(CheckFlags(spec.flags, kNuma | kUserAccess));
  return Require(spec.max_entries != 0 && spec.key_size == 4 &&
                 (spec.value_size == 4 || spec.value_size == 8));
}

Status CheckSocketMap(const MapSpec& spec) {
  const bool is_hash = spec.type == MapType::kSockHash;
  EBPF_TRY(CheckFlags(spec.flags, kNuma | kUserAccess));
  EBPF_TRY(Require(
      spec.max_entries != 0 &&
      (is_hash ? spec.key_size != 0 : spec.key_size == 4) &&
      (spec.value_size == kSocketFd || spec.value_size == kSocketCookie)));
  return spec.key_size > 512 ? Status::kTooBig : Status::kOk;
}

Status CheckCpuMap(const MapSpec& spec) {
  return Require(spec.max_entries != 0 && spec.key_size == 4 &&
                 (spec.value_size == 4 || spec.value_size == 8) &&
                 (spec.flags & ~kNuma) == 0);
}

Status CheckXskMap(const MapSpec& spec) {
  EBPF_TRY(CheckFlags(spec.flags, kNuma | kUserAccess));
  return Require(spec.max_entries != 0 && spec.key_size == 4 &&
                 spec.value_size == 4);
}

Status CheckSocketArray(const MapSpec& spec) {
  EBPF_TRY(CheckFlags(spec.flags, kNuma | kAccessFlags));
  return Require(
      spec.max_entries != 0 && spec.key_size == 4 &&
      (spec.value_size == kSocketFd || spec.value_size == kSocketCookie));
}

Status CheckCgroupStorage(const MapSpec& spec) {
  // A cgroup's id, alone or with an attach type.
  EBPF_TRY(Require((spec.key_size == 8 || spec.key_size == 16) &&
                   spec.value_size != 0));
  if (spec.value_size > kPageSize) {
    return Status::kTooBig;
  }
  EBPF_TRY(CheckFlags(spec.flags, kNuma | kAccessFlags));
  return Require(spec.max_entries == 0);
}

Status CheckLocalStorage(const MapSpec& spec) {
  constexpr uint32_t kAllowed =
      linux_abi::kMapNoPrealloc | linux_abi::kMapClone;
  EBPF_TRY(Require((spec.flags & ~kAllowed) == 0 &&
                   (spec.flags & linux_abi::kMapNoPrealloc) != 0 &&
                   spec.max_entries == 0 && spec.key_size == 4 &&
                   spec.value_size != 0));
  constexpr uint32_t kMaxStorage = 65535 - 128;
  return spec.value_size > kMaxStorage ? Status::kTooBig : Status::kOk;
}

Status CheckStructOps(const MapSpec& spec) {
  constexpr uint32_t kAllowed =
      linux_abi::kMapLink | linux_abi::kMapValueTypeFd;
  return Require(spec.key_size == 4 && spec.value_size != 0 &&
                 spec.max_entries == 1 && (spec.flags & ~kAllowed) == 0);
}

Status CheckArena(const MapSpec& spec) {
  constexpr uint32_t kAllowed = linux_abi::kMapSegvOnFault |
                                linux_abi::kMapMmapable |
                                linux_abi::kMapNoUserConversion;
  constexpr uint64_t kMaxPages = (uint64_t{4} << 30) / kPageSize;
  EBPF_TRY(Require(spec.key_size == 0 && spec.value_size == 0 &&
                   spec.max_entries != 0 && (spec.flags & ~kAllowed) == 0 &&
                   (spec.flags & linux_abi::kMapMmapable) != 0 &&
                   spec.extra % kPageSize == 0));
  return spec.max_entries > kMaxPages ? Status::kTooBig : Status::kOk;
}

Status CheckSpec(const MapSpec& spec) {
  switch (spec.type) {
#define EBPF_MAP_TYPE(number, name, check) \
  case MapType::k##name:                   \
    return check(spec);
#include "core/maps/described_map_types.def"
#undef EBPF_MAP_TYPE
    default:
      return Status::kInvalid;
  }
}

}  // namespace

Result<Ref<Map>> DescribedMap::Create(const MapSpec& spec,
                                      Allocator& allocator) {
  EBPF_TRY(CheckSpec(spec));
  DescribedMap* map = EBPF_TRY(allocator.New<DescribedMap>(spec, allocator));
  return Ref<Map>::Adopt(map);
}

}  // namespace ebpf
