// SPDX-License-Identifier: MIT
//
// core/syscall/map_objects.h's implementation.
#include "core/syscall/map_objects.h"

#include "core/base/memory.h"
#include "core/files/perf_event_file.h"
#include "core/maps/array_of_maps_map.h"
#include "core/maps/cgroup_array_map.h"
#include "core/maps/hash_of_maps_map.h"
#include "core/maps/map_of_maps.h"
#include "core/maps/perf_event_array_map.h"
#include "core/maps/prog_array_map.h"
#include "core/syscall/fd_objects.h"

namespace ebpf {
namespace {

uint32_t FdIn(ConstBytes value) {
  return LoadUnaligned<uint32_t>(value.data());
}

Status PutProgram(const Call& call, Map& map, uint32_t index,
                  ConstBytes value) {
  Ref<Program> program = EBPF_TRY(ProgramOf(call, FdIn(value)));
  EBPF_TRY(
      static_cast<ProgArrayMap&>(map).Set(index, program->tail_call_target()));
  (void)program.Leak();
  return Status::kOk;
}

Status PutPerfEvent(const Call& call, const OpenMap& map, uint32_t index,
                    ConstBytes value) {
  Ref<File> file =
      EBPF_TRY(call.client.fds().Get(static_cast<int32_t>(FdIn(value))));
  PerfEventFile* event_file = file->AsPerfEvent();
  if (event_file == nullptr) {
    return Status::kBadFd;
  }
  return PerfEventArrayMap::From(*map).Set(
      index, Ref<ArrayedEvent>(Ref<PerfEvent>::Share(event_file->event())),
      map.user());
}

Status PutInHash(const Call& call, HashOfMapsMap& hash, ConstBytes key,
                 ConstBytes value, uint64_t flags) {
  Ref<Map> map = EBPF_TRY(MapOf(call, FdIn(value)));
  return hash.Set(key, Move(map), static_cast<UpdateMode>(flags));
}

Status PutInArray(const Call& call, ArrayOfMapsMap& array, uint32_t index,
                  ConstBytes value) {
  Ref<Map> map = EBPF_TRY(MapOf(call, FdIn(value)));
  return array.Set(index, Move(map));
}

}  // namespace

bool HoldsObjects(MapType type) {
  return type == MapType::kProgArray || type == MapType::kPerfEventArray ||
         type == MapType::kCgroupArray || IsMapOfMaps(type);
}

Status PutObject(const Call& call, const OpenMap& map, ConstBytes key,
                 ConstBytes value, uint64_t flags) {
  if (map->spec().type == MapType::kHashOfMaps) {
    return PutInHash(call, HashOfMapsMap::From(*map), key, value, flags);
  }
  if (flags != 0) {
    return Status::kInvalid;
  }
  const auto index = LoadUnaligned<uint32_t>(key.data());
  if (index >= map->spec().max_entries) {
    return Status::kTooBig;
  }
  switch (map->spec().type) {
    case MapType::kProgArray:
      return PutProgram(call, *map, index, value);
    case MapType::kPerfEventArray:
      return PutPerfEvent(call, map, index, value);
    case MapType::kArrayOfMaps:
      return PutInArray(call, ArrayOfMapsMap::From(*map), index, value);
    default:  // kCgroupArray: a descriptor of the port's
      return CgroupArrayMap::From(*map).Set(
          index, LoadUnaligned<int32_t>(value.data()));
  }
}

Status RemoveObject(Map& map, ConstBytes key) {
  if (map.spec().type == MapType::kHashOfMaps) {
    return HashOfMapsMap::From(map).Clear(key);
  }
  const auto index = LoadUnaligned<uint32_t>(key.data());
  switch (map.spec().type) {
    case MapType::kProgArray:
      return static_cast<ProgArrayMap&>(map).Clear(index);
    case MapType::kPerfEventArray:
      return PerfEventArrayMap::From(map).Clear(index);
    case MapType::kArrayOfMaps:
      return ArrayOfMapsMap::From(map).Clear(index);
    default:  // kCgroupArray
      return CgroupArrayMap::From(map).Clear(index);
  }
}

}  // namespace ebpf
