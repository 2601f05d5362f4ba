// SPDX-License-Identifier: MIT
//
// core/syscall/map_access.h's implementation.
#include "core/syscall/map_access.h"

#include "core/linux_abi/bpf.h"
#include "core/maps/value_fields.h"
#include "core/sync/read_section.h"
#include "core/syscall/map_objects.h"

namespace ebpf {

Result<OpenMap> OpenMapOf(const Call& call, uint32_t fd, MapAccess access) {
  Ref<File> file = EBPF_TRY(call.client.fds().Get(static_cast<int32_t>(fd)));
  MapFile* map_file = file->AsMap();
  if (map_file == nullptr) {
    return Status::kInvalid;
  }
  Map& map = map_file->map();
  const bool writes = access != MapAccess::kRead;
  if (!map_file->Allows(access) || (writes && !map.BeginWrite())) {
    return Status::kNotPermitted;
  }
  return OpenMap(Move(file), writes);
}

Status CheckLockOnly(const Map& map, uint64_t flags) {
  if ((flags & ~uint64_t{linux_abi::kUpdateLock}) != 0) {
    return Status::kInvalid;
  }
  return flags != 0 && !HasField(map.fields(), Bit(MapFieldKind::kSpinLock))
             ? Status::kInvalid
             : Status::kOk;
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

Status CopyElementOut(Map& map, ConstBytes key, Bytes value, uint64_t flags) {
  ReadSection reading;
  if ((flags & linux_abi::kUpdateLock) == 0) {
    return map.CopyValueOut(key, value);
  }
  // Kinds whose values can have locks have them in one place.
  const Bytes found = EBPF_TRY(map.Lookup(key));
  return value_fields::LoadLocked(map.fields(), value, found.data());
}

Status UpdateElement(const Call& call, const OpenMap& map, ConstBytes key,
                     ConstBytes value, uint64_t flags) {
  if (HoldsObjects(map->spec().type)) {
    return PutObject(call, map, key, value, flags);
  }
  ReadSection reading;
  return map->UpdateFromUser(key, value, static_cast<UpdateMode>(flags));
}

Status DeleteElement(Map& map, ConstBytes key) {
  if (HoldsObjects(map.spec().type)) {
    return RemoveObject(map, key);
  }
  ReadSection reading;
  return map.DeleteFromUser(key);
}

}  // namespace ebpf
