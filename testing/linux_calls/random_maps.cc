// SPDX-License-Identifier: MIT
//
// Random BPF_MAP_CREATE, _FREEZE, BPF_OBJ_GET_INFO_BY_FD, BPF_MAP_GET_FD_BY_ID.
#include "core/linux_abi/bpf_objects.h"
#include "testing/linux_calls/random_world.h"

namespace ebpf::linux_calls {

MapCreateAttr World::GoodSpec() {
  MapCreateAttr spec{};
  spec.map_type =
      OneOf<uint32_t>({kHash, kHash, kArray, kPerCpuHash, kPerCpuArray,
                       kLruHash, kLruPerCpuHash, kLpmTrie, kQueue, kStack,
                       kRingBuffer, kBloomFilter, kProgArray, kPerfEventArray,
                       kCgroupArray, kStackTrace, kArrayOfMaps, kHashOfMaps});
  spec.key_size = OneOf<uint32_t>({1, 3, 4, 4, 8, 16, 40});
  spec.value_size = OneOf<uint32_t>({1, 4, 7, 8, 8, 24, 100});
  spec.max_entries = OneOf<uint32_t>({1, 2, 5, 16, 64});
  switch (spec.map_type) {
    case kArray:
      spec.key_size = 4;
      spec.map_flags = OneOf<uint32_t>(
          {0, 0, 0, linux_abi::kMapMmapable, linux_abi::kMapInnerMap});
      break;
    case kPerCpuArray:
      spec.key_size = 4;
      break;
    case kProgArray:
    case kPerfEventArray:
    case kCgroupArray:
    case kArrayOfMaps:
      spec.key_size = 4;
      spec.value_size = 4;
      break;
    case kHashOfMaps:
      spec.value_size = 4;
      break;
    case kStackTrace:
      spec.key_size = 4;
      spec.value_size = 80;
      break;
    case kLruHash:
    case kLruPerCpuHash:
      spec.max_entries = 1024;  // nothing is thrown out
      break;
    case kLpmTrie:
      spec.key_size = OneOf<uint32_t>({5, 8, 20});
      spec.map_flags = linux_abi::kMapNoPrealloc;
      break;
    case kQueue:
    case kStack:
      spec.key_size = 0;
      break;
    case kBloomFilter:
      spec.key_size = 0;
      spec.map_extra = Below(4);
      break;
    case kRingBuffer:
      spec.key_size = 0;
      spec.value_size = 0;
      spec.max_entries = OneOf<uint32_t>({4096, 8192});
      break;
    default:
      spec.map_flags = OneOf<uint32_t>({0, 0, linux_abi::kMapNoPrealloc});
  }
  if (spec.map_type != kLpmTrie && OneIn(8)) {
    spec.map_flags |=
        OneOf<uint32_t>({linux_abi::kMapReadOnly, linux_abi::kMapWriteOnly,
                         linux_abi::kMapNumaNode});
  }
  return spec;
}

void World::SpoilSpec(MapCreateAttr& spec) {
  switch (Below(9)) {
    case 0:
      spec.key_size = OneOf<uint32_t>({0, 2, 5, 255, 513, 600});
      break;
    case 1:
      spec.value_size = OneOf<uint32_t>({0, 2, 5, 81, 1024, UINT32_MAX});
      break;
    case 2:
      // A small LRU map would throw something out.
      spec.max_entries =
          spec.max_entries == 1024 ? 0 : OneOf<uint32_t>({0, 3, 4095, 4097});
      break;
    case 3:
      spec.map_flags = uint32_t{1} << Below(20);
      break;
    case 4:
      spec.map_flags |= uint32_t{1} << Below(20);
      break;
    case 5:
      spec.map_type =
          OneOf<uint32_t>({0, 14, 15, 19, 25, 26, 31, 100, UINT32_MAX});
      break;
    case 6:
      spec.map_extra = OneOf<uint64_t>({1, 15, 16, UINT64_MAX});
      break;
    case 7:
      memcpy(spec.map_name, OneOf<const char*>({"a", "a b", "a.b_C9", "-"}), 4);
      break;
    default:
      spec.numa_node = OneOf<uint32_t>({1, UINT32_MAX});
  }
}

void World::Create() {
  MapCreateAttr ours = GoodSpec();
  if (OneIn(5)) {
    SpoilSpec(ours);
  }
  // Kinds whose template is another map.
  MapCreateAttr host = ours;
  if (ours.map_type == kArrayOfMaps || ours.map_type == kHashOfMaps) {
    if (objects_.empty()) {
      return;
    }
    const Fd inner = Spoil(AnyMap().fd);
    Set(ours, host, &MapCreateAttr::inner_map_fd, inner);
  }
  Object about;
  about.spec = ours;
  about.fd = Call("MAP_CREATE", linux_abi::kMapCreate, ours, host, About(about),
                  /*is_fd=*/true);
  Keep(about);
}

void World::Freeze() {
  if (!OneIn(4)) {
    return;  // or soon nothing can be written any more
  }
  Object& map = AnyMap();
  const linux_abi::MapFreezeAttr ours = {static_cast<uint32_t>(map.fd.ours)};
  const linux_abi::MapFreezeAttr host = {static_cast<uint32_t>(map.fd.host)};
  Call("MAP_FREEZE", linux_abi::kMapFreeze, ours, host, About(map));
}

/// What both tell of a map, and a descriptor of it by its id.
void World::Info() {
  const Object& map = AnyMap();
  if (!map.is_map()) {
    return;
  }
  const Fd fd = Spoil(map.fd);
  const auto size = static_cast<uint32_t>(
      OneIn(6) ? OneOf<size_t>({0, 8, 60, 87, 104, 200, 5000})
               : sizeof(linux_abi::MapInfo));
  const Pointer info = Spoil(Put(std::vector<uint8_t>(size)));
  const linux_abi::ObjectInfoAttr ours = {static_cast<uint32_t>(fd.ours), size,
                                          info.ours};
  const linux_abi::ObjectInfoAttr host = {static_cast<uint32_t>(fd.host), size,
                                          info.host};
  const std::string about = About(map) + " info " + std::to_string(size);
  const Fd answer =
      Call("OBJ_GET_INFO_BY_FD", linux_abi::kObjGetInfoByFd, ours, host, about);
  if (answer.ours != 0 || answer.host != 0 || fd.host != map.fd.host ||
      size < sizeof(linux_abi::MapInfo)) {
    return;
  }
  auto our_info = ours_.Get<linux_abi::MapInfo>(info.ours);
  auto host_info = host_.Get<linux_abi::MapInfo>(info.host);
  const linux_abi::FdByIdAttr our_id = {our_info.id, 0, 0};
  const linux_abi::FdByIdAttr host_id = {host_info.id, 0, 0};
  our_info.id = host_info.id = 0;
  if (memcmp(&our_info, &host_info, sizeof(our_info)) != 0) {
    Differ({"OBJ_GET_INFO_BY_FD", about + ": bytes", 0, 0});
  }
  Object again = map;
  again.fd = Call("MAP_GET_FD_BY_ID", linux_abi::kMapGetFdById, our_id, host_id,
                  About(map), /*is_fd=*/true);
  if (again.fd.ours > 0 && again.fd.host > 0) {
    ours_.Close(again.fd.ours);
    host_.Close(again.fd.host);
  }
}

}  // namespace ebpf::linux_calls
