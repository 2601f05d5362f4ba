// SPDX-License-Identifier: MIT
//
// What a map is asked to be.
#pragma once

#include <stdint.h>

#include "core/base/string_view.h"

namespace ebpf {

class Map;

/// The kinds by their number in Linux's `enum bpf_map_type`, those that are
/// only described too.
enum class MapType : uint32_t {
#define EBPF_MAP_TYPE(number, name, create) k##name = number,
#include "core/maps/described_map_types.def"
#include "core/maps/map_types.def"
#undef EBPF_MAP_TYPE
};

/// Programs find sockets in it, in the place of values.
constexpr bool HoldsSockets(MapType type) {
  return type == MapType::kSockMap || type == MapType::kSockHash;
}

/// Values of the map's own under the keys 0, 1, ..., all of which are there.
constexpr bool IsArray(MapType type) {
  return type == MapType::kArray || type == MapType::kPerCpuArray;
}

/// Each CPU has a value under each key.
constexpr bool IsPerCpu(MapType type) {
  return type == MapType::kPerCpuHash || type == MapType::kLruPerCpuHash ||
         type == MapType::kPerCpuArray;
}

/// The attributes of BPF_MAP_CREATE, checked by nobody yet.
struct MapSpec {
  static constexpr size_t kNameSize = 16;  // BPF_OBJ_NAME_LEN

  MapType type{};
  uint32_t key_size = 0;
  uint32_t value_size = 0;
  uint32_t max_entries = 0;
  uint32_t flags = 0;  // BPF_F_*, core/linux_abi/bpf.h
  uint64_t extra = 0;  // map_extra: what the kind makes of it
  char name[kNameSize] = {};
  /// To make a map of maps: one that those in it are like. Not kept.
  const Map* inner = nullptr;

  StringView name_view() const {
    return StringView::FromField(name, kNameSize);
  }
};

/// The `flags` of an update, by Linux's numbers. kLock is a bit beside the
/// others: a value that is there is overwritten in place, under its lock.
enum class UpdateMode : uint64_t {
  kAny = 0,
  kNoExist = 1,
  kExist = 2,
  kLock = 4
};
constexpr bool TakesLock(UpdateMode mode) {
  return (static_cast<uint64_t>(mode) & 4) != 0;
}
constexpr UpdateMode WithoutLock(UpdateMode mode) {
  return static_cast<UpdateMode>(static_cast<uint64_t>(mode) & ~uint64_t{4});
}

}  // namespace ebpf
