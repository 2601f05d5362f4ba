// SPDX-License-Identifier: MIT
//
// core/maps/map_of_maps.h's implementation.
#include "core/maps/map_of_maps.h"

#include "core/linux_abi/bpf.h"
#include "core/maps/array_map.h"
#include "core/maps/hash_spec.h"

namespace ebpf {
namespace {

/// The flags that belong to a map, not to the descriptor that made it.
uint32_t OwnFlags(const Map& map) {
  return map.spec().flags &
         ~uint32_t{linux_abi::kMapReadOnly | linux_abi::kMapWriteOnly};
}

bool SameFields(MapFields a, MapFields b) {
  if (a.size() != b.size()) {
    return false;
  }
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].kind != b[i].kind || a[i].offset != b[i].offset ||
        a[i].size != b[i].size || a[i].btf != b[i].btf ||
        a[i].type_id != b[i].type_id || a[i].node_offset != b[i].node_offset) {
      return false;
    }
  }
  return true;
}

}  // namespace

Status CheckMapOfMapsSpec(const MapSpec& spec) {
  if (spec.value_size != sizeof(uint32_t)) {
    return Status::kInvalid;
  }
  return spec.type == MapType::kHashOfMaps
             ? CheckHashSpec(spec)
             : CheckArraySpec(spec, linux_abi::kMapNumaNode |
                                        linux_abi::kMapReadOnly |
                                        linux_abi::kMapWriteOnly);
}

Result<Ref<Map>> MapTemplate::Of(const Map* map, Allocator& allocator) {
  if (map == nullptr || map->inner() != nullptr) {
    return Status::kInvalid;
  }
  switch (map->spec().type) {
    case MapType::kProgArray:
    case MapType::kCgroupStorage:
    case MapType::kPerCpuCgroupStorage:
    case MapType::kStructOps:
      return Status::kNotSupportedLinux;
    default:
      break;
  }
  MapTemplate* made =
      EBPF_TRY(allocator.New<MapTemplate>(map->spec(), allocator));
  made->SetTypes(map->ShareTypes());
  return Ref<Map>::Adopt(made);
}

bool IsLike(const Map& map, const Map& like) {
  const MapSpec& a = map.spec();
  const MapSpec& b = like.spec();
  if (a.type != b.type || a.key_size != b.key_size ||
      a.value_size != b.value_size || OwnFlags(map) != OwnFlags(like) ||
      !SameFields(map.fields(), like.fields())) {
    return false;
  }
  return a.type != MapType::kArray || a.max_entries == b.max_entries ||
         (a.flags & linux_abi::kMapInnerMap) != 0;
}

}  // namespace ebpf
