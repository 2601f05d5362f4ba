// SPDX-License-Identifier: MIT
//
// BPF_MAP_LOOKUP_ELEM, _UPDATE_ELEM, _DELETE_ELEM and _GET_NEXT_KEY.
#include "core/base/memory.h"
#include "core/files/map_file.h"
#include "core/files/program_file.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/map.h"
#include "core/maps/prog_array_map.h"
#include "core/memory/buffer.h"
#include "core/sync/read_section.h"
#include "core/syscall/commands.h"

namespace ebpf {
namespace {

/// A map, and the file that a descriptor has of it: while it is held, the map
/// is one that user space can reach. If it is held for `writing`, which was
/// begun, until that is done.
class OpenMap {
 public:
  OpenMap(Ref<File> file, bool writing)
      : file_(Move(file)), writing_(writing) {}
  OpenMap(OpenMap&& other)
      : file_(Move(other.file_)), writing_(other.writing_) {
    other.writing_ = false;
  }
  OpenMap& operator=(OpenMap&&) = delete;
  ~OpenMap() {
    if (writing_) {
      (**this).EndWrite();
    }
  }
  Map& operator*() const { return file_->AsMap()->map(); }
  Map* operator->() const { return &**this; }

 private:
  Ref<File> file_;
  bool writing_;
};

/// The map behind the descriptor, where its flags do not forbid it by
/// `forbidding` (kNotPermitted).
Result<OpenMap> MapOf(const Call& call, const linux_abi::MapElemAttr& attr,
                      uint32_t forbidding) {
  // The descriptor is an unsigned 32-bit field that holds an int.
  const auto fd = static_cast<int32_t>(attr.map_fd);
  Ref<File> file = EBPF_TRY(call.client.fds().Get(fd));
  MapFile* map_file = file->AsMap();
  if (map_file == nullptr) {
    return Status::kInvalid;
  }
  Map& map = map_file->map();
  const bool writes = forbidding == linux_abi::kMapReadOnly;
  if ((map.spec().flags & forbidding) != 0 || (writes && !map.BeginWrite())) {
    return Status::kNotPermitted;
  }
  return OpenMap(Move(file), writes);
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

bool HoldsPrograms(const Map& map) {
  return map.spec().type == MapType::kProgArray;
}

/// Update of an array that holds programs: `value` is a descriptor of one.
Status PutProgram(const Call& call, Map& map, ConstBytes key, ConstBytes value,
                  uint64_t flags) {
  if (flags != 0) {
    return Status::kInvalid;
  }
  const auto index = LoadUnaligned<uint32_t>(key.data());
  if (index >= map.spec().max_entries) {
    return Status::kTooBig;
  }
  Ref<File> file =
      EBPF_TRY(call.client.fds().Get(LoadUnaligned<int32_t>(value.data())));
  ProgramFile* program_file = file->AsProgram();
  if (program_file == nullptr) {
    return Status::kInvalid;
  }
  Ref<Program> program = program_file->program();
  EBPF_TRY(
      static_cast<ProgArrayMap&>(map).Set(index, program->tail_call_target()));
  (void)program.Leak();
  return Status::kOk;
}

Status RemoveProgram(Map& map, ConstBytes key) {
  return static_cast<ProgArrayMap&>(map).Clear(
      LoadUnaligned<uint32_t>(key.data()));
}

}  // namespace

Result<int> MapLookupElem(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<linux_abi::MapElemAttr>(raw));
  if ((attr.flags & ~uint64_t{linux_abi::kUpdateLock}) != 0) {
    return Status::kInvalid;
  }
  const OpenMap map = EBPF_TRY(MapOf(call, attr, linux_abi::kMapWriteOnly));
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
  const OpenMap map = EBPF_TRY(MapOf(call, attr, linux_abi::kMapReadOnly));
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
  if (HoldsPrograms(*map)) {
    EBPF_TRY(PutProgram(call, *map, key.span(), value.span(), attr.flags));
    return 0;
  }
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
  const OpenMap map = EBPF_TRY(MapOf(call, attr, linux_abi::kMapReadOnly));
  Buffer<uint8_t> key(*call.system.allocator);
  EBPF_TRY(CopyKeyIn(call, *map, attr.key, key));
  if (HoldsPrograms(*map)) {
    EBPF_TRY(RemoveProgram(*map, key.span()));
    return 0;
  }
  ReadSection reading;
  EBPF_TRY(map->DeleteFromUser(key.span()));
  return 0;
}

Result<int> MapGetNextKey(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<linux_abi::MapElemAttr>(raw));
  if (attr.flags != 0) {
    return Status::kInvalid;
  }
  const OpenMap map = EBPF_TRY(MapOf(call, attr, linux_abi::kMapWriteOnly));
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
