// SPDX-License-Identifier: MIT
//
// core/maps/hash_spec.h's implementation.
#include "core/maps/hash_spec.h"

#include "core/base/bits.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/map_checks.h"
#include "core/platform/cpu.h"
#include "core/platform/time.h"

namespace ebpf {
namespace {

// Linux's largest kmalloc, and its header of an element in there.
constexpr uint64_t kMaxElementBytes = (4 << 20) - 48;
constexpr uint32_t kMaxEntries = uint32_t{1} << 31;
// Linux's buckets are 16 bytes, and their sum has 32 bits.
constexpr uint64_t kMaxBuckets = UINT32_MAX / 16;

constexpr uint32_t kFlags = linux_abi::kMapNoPrealloc |
                            linux_abi::kMapNoCommonLru |
                            linux_abi::kMapNumaNode | linux_abi::kMapZeroSeed |
                            map_checks::kAccessFlags;

constexpr bool IsLru(MapType type) {
  return type == MapType::kLruHash || type == MapType::kLruPerCpuHash;
}
constexpr bool HasOwnLrus(const MapSpec& spec) {
  return (spec.flags & linux_abi::kMapNoCommonLru) != 0;
}

Status CheckHashFlags(const MapSpec& spec) {
  EBPF_TRY(map_checks::CheckFlags(spec.flags, kFlags));
  if (HasOwnLrus(spec) && !IsLru(spec.type)) {
    return Status::kInvalid;
  }
  if (IsLru(spec.type) && (spec.flags & linux_abi::kMapNoPrealloc) != 0) {
    return Status::kNotSupportedLinux;
  }
  // What belongs to CPUs is on their nodes.
  const bool is_of_cpus = IsPerCpu(spec.type) || HasOwnLrus(spec);
  return is_of_cpus && (spec.flags & linux_abi::kMapNumaNode) != 0
             ? Status::kInvalid
             : Status::kOk;
}

}  // namespace

Status CheckHashSpec(const MapSpec& spec) {
  EBPF_TRY(CheckHashFlags(spec));
  if (spec.max_entries == 0 || spec.key_size == 0 || spec.value_size == 0) {
    return Status::kInvalid;
  }
  if (uint64_t{spec.key_size} + spec.value_size >= kMaxElementBytes ||
      spec.max_entries > kMaxEntries ||
      RoundUpToPowerOfTwo(spec.max_entries) > kMaxBuckets) {
    return Status::kTooBig;
  }
  return IsPerCpu(spec.type) && AlignUp<uint32_t>(spec.value_size, 8) >
                                    map_checks::kMaxPerCpuValue
             ? Status::kTooBig
             : Status::kOk;
}

MapSpec RoundedHashSpec(const MapSpec& spec) {
  MapSpec rounded = spec;
  if (HasOwnLrus(spec)) {
    const uint32_t cpus = ebpf_port_cpu_count();
    rounded.max_entries = (spec.max_entries + cpus - 1) / cpus * cpus;
  }
  return rounded;
}

TableShape HashTableShape(const MapSpec& spec) {
  const bool zero_seed = (spec.flags & linux_abi::kMapZeroSeed) != 0;
  TableShape shape;
  shape.key_size = spec.key_size;
  shape.value_size = spec.value_size;
  shape.max_entries = spec.max_entries;
  shape.seed = zero_seed ? 0 : ebpf_port_random();
  shape.per_cpu = IsPerCpu(spec.type);
  shape.on_demand = (spec.flags & linux_abi::kMapNoPrealloc) != 0;
  if (IsLru(spec.type)) {
    shape.eviction = HasOwnLrus(spec) ? Eviction::kOwn : Eviction::kCommon;
  }
  return shape;
}

}  // namespace ebpf
