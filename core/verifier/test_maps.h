// SPDX-License-Identifier: MIT
//
// A few real maps of each kind, for tests and fuzzers.
#pragma once

#include <cstdlib>
#include <vector>

#include "core/linux_abi/bpf.h"
#include "core/maps/map.h"

namespace ebpf::verifier {

/// Indices of the maps.
enum TestMap : int {
  kArray,      // 16 bytes under a 4-byte key
  kHash,       // 48 bytes under an 8-byte key
  kRing,       // 4096 bytes
  kReadOnly,   // kArray, with BPF_F_RDONLY_PROG
  kWriteOnly,  // kArray, with BPF_F_WRONLY_PROG
  kPerCpu,     // 8 bytes under a 4-byte key
  kPrograms,   // 4 tail calls
  kMapCount
};

/// The maps above, in the order of TestMap. Read sections are initialised.
class TestMaps {
 public:
  TestMaps() {
    Add(MapType::kArray, 4, 16, 1, 0);
    Add(MapType::kHash, 8, 48, 16, 0);
    Add(MapType::kRingBuffer, 0, 0, 4096, 0);
    Add(MapType::kArray, 4, 16, 1, linux_abi::kMapReadOnlyProg);
    Add(MapType::kArray, 4, 16, 1, linux_abi::kMapWriteOnlyProg);
    Add(MapType::kPerCpuArray, 4, 8, 4, 0);
    Add(MapType::kProgArray, 4, 4, 4, 0);
  }

  /// One more map, behind all others; its number.
  int Append(Ref<Map> map) {
    pointers_.push_back(map.get());
    refs_.push_back(Move(map));
    return static_cast<int>(pointers_.size()) - 1;
  }

  Span<Map* const> span() const {
    return Span<Map* const>(pointers_.data(), pointers_.size());
  }

 private:
  void Add(MapType type, uint32_t key_size, uint32_t value_size,
           uint32_t max_entries, uint32_t flags) {
    MapSpec spec;
    spec.type = type;
    spec.key_size = key_size;
    spec.value_size = value_size;
    spec.max_entries = max_entries;
    spec.flags = flags;
    Result<Ref<Map>> map = CreateMap(spec, PortAllocator());
    if (!map.ok()) {
      std::abort();  // a test's own mistake
    }
    refs_.push_back(*map);
    pointers_.push_back(map->get());
  }

  std::vector<Ref<Map>> refs_;
  std::vector<Map*> pointers_;
};

}  // namespace ebpf::verifier
