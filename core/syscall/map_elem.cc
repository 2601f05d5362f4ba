// SPDX-License-Identifier: MIT
//
// BPF_MAP_LOOKUP_ELEM, _UPDATE_ELEM, _DELETE_ELEM and _GET_NEXT_KEY.
#include "core/files/map_file.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/map.h"
#include "core/memory/buffer.h"
#include "core/sync/read_section.h"
#include "core/syscall/commands.h"

namespace ebpf {
namespace {

/// The map behind the descriptor, where its flags do not forbid it by
/// `forbidding` (kNotPermitted).
Result<Ref<Map>> MapOf(const Call& call, const linux_abi::MapElemAttr& attr,
                       uint32_t forbidding) {
  // The descriptor is an unsigned 32-bit field that holds an int.
  const auto fd = static_cast<int32_t>(attr.map_fd);
  Ref<File> file = EBPF_TRY(call.client.fds().Get(fd));
  MapFile* map_file = file->AsMap();
  if (map_file == nullptr) {
    return Status::kInvalid;
  }
  Map& map = map_file->map();
  if ((map.spec().flags & forbidding) != 0) {
    return Status::kNotPermitted;
  }
  return Ref<Map>::Share(map);
}

Status CopyKeyIn(const Call& call, const Map& map, uint64_t key,
                 Buffer<uint8_t>& buffer) {
  if (map.spec().key_size == 0 && key != 0) {
    return Status::kInvalid;
  }
  EBPF_TRY(buffer.Allocate(map.spec().key_size));
  return call.client.CopyIn(buffer.span().data(), call.client.Pointer(key),
                            buffer.span().size());
}

}  // namespace

Result<int> MapLookupElem(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<linux_abi::MapElemAttr>(raw));
  if ((attr.flags & ~uint64_t{linux_abi::kUpdateLock}) != 0) {
    return Status::kInvalid;
  }
  Ref<Map> map = EBPF_TRY(MapOf(call, attr, linux_abi::kMapWriteOnly));
  if (attr.flags != 0) {
    return Status::kInvalid;  // no map has a spin lock in its values yet
  }
  Buffer<uint8_t> key(*call.system.allocator);
  EBPF_TRY(CopyKeyIn(call, *map, attr.key, key));
  Buffer<uint8_t> value(*call.system.allocator);
  EBPF_TRY(value.Allocate(map->user_value_size()));
  {
    ReadSection reading;
    EBPF_TRY(map->CopyValueOut(key.span(), value.span()));
  }
  EBPF_TRY(call.client.CopyOut(call.client.Pointer(attr.value),
                               value.span().data(), value.span().size()));
  return 0;
}

Result<int> MapUpdateElem(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<linux_abi::MapElemAttr>(raw));
  Ref<Map> map = EBPF_TRY(MapOf(call, attr, linux_abi::kMapReadOnly));
  if ((attr.flags & linux_abi::kUpdateLock) != 0) {
    return Status::kInvalid;  // as at the lookup
  }
  Buffer<uint8_t> key(*call.system.allocator);
  EBPF_TRY(CopyKeyIn(call, *map, attr.key, key));
  Buffer<uint8_t> value(*call.system.allocator);
  EBPF_TRY(value.Allocate(map->user_value_size()));
  EBPF_TRY(call.client.CopyIn(value.span().data(),
                              call.client.Pointer(attr.value),
                              value.span().size()));
  ReadSection reading;
  EBPF_TRY(map->UpdateFromUser(key.span(), value.span(),
                               static_cast<UpdateMode>(attr.flags)));
  return 0;
}

Result<int> MapDeleteElem(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<linux_abi::MapElemAttr>(raw));
  if (attr.value != 0 || attr.flags != 0) {
    return Status::kInvalid;  // behind this command's last field
  }
  Ref<Map> map = EBPF_TRY(MapOf(call, attr, linux_abi::kMapReadOnly));
  Buffer<uint8_t> key(*call.system.allocator);
  EBPF_TRY(CopyKeyIn(call, *map, attr.key, key));
  ReadSection reading;
  EBPF_TRY(map->DeleteFromUser(key.span()));
  return 0;
}

Result<int> MapGetNextKey(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<linux_abi::MapElemAttr>(raw));
  if (attr.flags != 0) {
    return Status::kInvalid;
  }
  Ref<Map> map = EBPF_TRY(MapOf(call, attr, linux_abi::kMapWriteOnly));
  Buffer<uint8_t> key(*call.system.allocator);
  if (attr.key != 0) {
    EBPF_TRY(CopyKeyIn(call, *map, attr.key, key));
  }
  Buffer<uint8_t> next(*call.system.allocator);
  EBPF_TRY(next.Allocate(map->spec().key_size));
  {
    ReadSection reading;
    EBPF_TRY(map->NextKey(key.span(), next.span()));
  }
  EBPF_TRY(call.client.CopyOut(call.client.Pointer(attr.value),
                               next.span().data(), next.span().size()));
  return 0;
}

}  // namespace ebpf
