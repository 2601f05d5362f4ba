// SPDX-License-Identifier: MIT
//
// testing/benchmarks/object_maps.h's implementation.
#include "testing/benchmarks/object_maps.h"

#include "core/base/assert.h"
#include "core/loader/object_file.h"
#include "core/memory/allocator.h"
#include "core/ring/ring_layout.h"

namespace ebpf::benchmarks {

ObjectMaps MakeMaps(ConstBytes object) {
  char buffer[1024];
  TextWriter log(buffer, sizeof(buffer));
  loader::ObjectFile file(PortAllocator());
  EBPF_ASSERT(IsOk(file.Read(object, log)));
  ObjectMaps maps;
  for (const loader::MapDefinition& definition : file.maps()) {
    Result<Ref<Map>> map = CreateMap(definition.spec, PortAllocator());
    EBPF_ASSERT(map.ok());
    maps.emplace(std::string(definition.name.data(), definition.name.size()),
                 Move(*map));
  }
  return maps;
}

void DrainRings(const ObjectMaps& maps) {
  for (const auto& [name, map] : maps) {
    if (map->spec().type != MapType::kRingBuffer) {
      continue;
    }
    // The consumer's position is in the first page, the producer's in the
    // second.
    const Result<MapPages> consumer = map->Pages(0, ring::kPageSize, true);
    const Result<MapPages> producer =
        map->Pages(ring::kPageSize, ring::kPageSize, false);
    EBPF_ASSERT(consumer.ok() && producer.ok());
    *reinterpret_cast<uint64_t*>(consumer->address) =
        *reinterpret_cast<const uint64_t*>(producer->address);
  }
}

}  // namespace ebpf::benchmarks
