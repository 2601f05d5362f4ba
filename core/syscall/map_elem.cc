// SPDX-License-Identifier: MIT
//
// BPF_MAP_LOOKUP_ELEM, _UPDATE_ELEM, _DELETE_ELEM, _GET_NEXT_KEY and
// _LOOKUP_AND_DELETE_ELEM.
#include "core/linux_abi/bpf.h"
#include "core/sync/read_section.h"
#include "core/syscall/map_access.h"

namespace ebpf {

Result<int> MapLookupElem(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<linux_abi::MapElemAttr>(raw));
  if ((attr.flags & ~uint64_t{linux_abi::kUpdateLock}) != 0) {
    return Status::kInvalid;
  }
  const OpenMap map = EBPF_TRY(OpenMapOf(call, attr.map_fd, MapAccess::kRead));
  EBPF_TRY(CheckLockOnly(*map, attr.flags));
  Buffer<uint8_t> key(*call.system.allocator);
  EBPF_TRY(CopyKeyIn(call, *map, attr.key, key));
  Buffer<uint8_t> value(*call.system.allocator);
  EBPF_TRY(value.Allocate(map->user_value_size()));
  if (map->looks_up_values()) {
    EBPF_TRY(call.client.CopyIn(value.span().data(),
                                call.client.Pointer(attr.value),
                                value.span().size()));
  }
  EBPF_TRY(CopyElementOut(*map, key.span(), value.span(), attr.flags));
  EBPF_TRY(call.client.CopyOut(call.client.Pointer(attr.value),
                               value.span().data(), value.span().size()));
  return 0;
}

Result<int> MapUpdateElem(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<linux_abi::MapElemAttr>(raw));
  const OpenMap map = EBPF_TRY(OpenMapOf(call, attr.map_fd, MapAccess::kWrite));
  EBPF_TRY(CheckLockOnly(*map, attr.flags & linux_abi::kUpdateLock));
  Buffer<uint8_t> key(*call.system.allocator);
  EBPF_TRY(CopyKeyIn(call, *map, attr.key, key));
  Buffer<uint8_t> value(*call.system.allocator);
  EBPF_TRY(value.Allocate(map->user_value_size()));
  EBPF_TRY(call.client.CopyIn(value.span().data(),
                              call.client.Pointer(attr.value),
                              value.span().size()));
  EBPF_TRY(UpdateElement(call, map, key.span(), value.span(), attr.flags));
  return 0;
}

Result<int> MapDeleteElem(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<linux_abi::MapElemAttr>(raw));
  if (attr.value != 0 || attr.flags != 0) {
    return Status::kInvalid;  // behind this command's last field
  }
  const OpenMap map = EBPF_TRY(OpenMapOf(call, attr.map_fd, MapAccess::kWrite));
  Buffer<uint8_t> key(*call.system.allocator);
  EBPF_TRY(CopyKeyIn(call, *map, attr.key, key));
  EBPF_TRY(DeleteElement(*map, key.span()));
  return 0;
}

Result<int> MapGetNextKey(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<linux_abi::MapElemAttr>(raw));
  if (attr.flags != 0) {
    return Status::kInvalid;
  }
  const OpenMap map = EBPF_TRY(OpenMapOf(call, attr.map_fd, MapAccess::kRead));
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

Result<int> MapLookupAndDeleteElem(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<linux_abi::MapElemAttr>(raw));
  if ((attr.flags & ~uint64_t{linux_abi::kUpdateLock}) != 0) {
    return Status::kInvalid;
  }
  const OpenMap map =
      EBPF_TRY(OpenMapOf(call, attr.map_fd, MapAccess::kReadWrite));
  EBPF_TRY(CheckLockOnly(*map, attr.flags));
  Buffer<uint8_t> key(*call.system.allocator);
  EBPF_TRY(CopyKeyIn(call, *map, attr.key, key));
  Buffer<uint8_t> value(*call.system.allocator);
  EBPF_TRY(value.Allocate(map->user_value_size()));
  {
    ReadSection reading;
    EBPF_TRY(map->TakeOut(key.span(), value.span()));
  }
  // As in Linux an address that cannot be written costs the element.
  EBPF_TRY(call.client.CopyOut(call.client.Pointer(attr.value),
                               value.span().data(), value.span().size()));
  return 0;
}

}  // namespace ebpf
