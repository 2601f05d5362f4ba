// SPDX-License-Identifier: MIT
//
// core/syscall/map_access.h's implementation.
#include "core/syscall/map_access.h"

#include "core/base/memory.h"
#include "core/files/program_file.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/prog_array_map.h"
#include "core/maps/value_fields.h"
#include "core/sync/read_section.h"

namespace ebpf {
namespace {

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

bool Has(MapAccess access, MapAccess one) {
  return (static_cast<unsigned>(access) & static_cast<unsigned>(one)) != 0;
}

}  // namespace

Result<OpenMap> OpenMapOf(const Call& call, uint32_t fd, MapAccess access) {
  Ref<File> file = EBPF_TRY(call.client.fds().Get(static_cast<int32_t>(fd)));
  MapFile* map_file = file->AsMap();
  if (map_file == nullptr) {
    return Status::kInvalid;
  }
  Map& map = map_file->map();
  const bool reads = Has(access, MapAccess::kRead);
  const bool writes = Has(access, MapAccess::kWrite);
  const uint32_t forbidding = (reads ? linux_abi::kMapWriteOnly : 0) |
                              (writes ? linux_abi::kMapReadOnly : 0);
  if ((map.spec().flags & forbidding) != 0 || (writes && !map.BeginWrite())) {
    return Status::kNotPermitted;
  }
  return OpenMap(Move(file), writes);
}

Status CheckLockOnly(const Map& map, uint64_t flags) {
  if ((flags & ~uint64_t{linux_abi::kUpdateLock}) != 0) {
    return Status::kInvalid;
  }
  return flags != 0 && !HasField(map.fields(), Bit(FieldKind::kSpinLock))
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

Status UpdateElement(const Call& call, Map& map, ConstBytes key,
                     ConstBytes value, uint64_t flags) {
  if (HoldsPrograms(map)) {
    return PutProgram(call, map, key, value, flags);
  }
  ReadSection reading;
  return map.UpdateFromUser(key, value, static_cast<UpdateMode>(flags));
}

Status DeleteElement(Map& map, ConstBytes key) {
  if (HoldsPrograms(map)) {
    return RemoveProgram(map, key);
  }
  ReadSection reading;
  return map.DeleteFromUser(key);
}

}  // namespace ebpf
