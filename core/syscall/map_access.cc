// SPDX-License-Identifier: MIT
//
// core/syscall/map_access.h's implementation.
#include "core/syscall/map_access.h"

#include "core/base/memory.h"
#include "core/files/perf_event_file.h"
#include "core/files/program_file.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/perf_event_array_map.h"
#include "core/maps/prog_array_map.h"
#include "core/maps/value_fields.h"
#include "core/sync/read_section.h"

namespace ebpf {
namespace {

/// The file behind the descriptor that is a value of `map`'s, whose `key` is an
/// index.
Result<Ref<File>> FileIn(const Call& call, const Map& map, ConstBytes key,
                         ConstBytes value) {
  if (LoadUnaligned<uint32_t>(key.data()) >= map.spec().max_entries) {
    return Status::kTooBig;
  }
  return call.client.fds().Get(LoadUnaligned<int32_t>(value.data()));
}

Status PutProgram(const Call& call, Map& map, ConstBytes key,
                  ConstBytes value) {
  Ref<File> file = EBPF_TRY(FileIn(call, map, key, value));
  ProgramFile* program_file = file->AsProgram();
  if (program_file == nullptr) {
    return Status::kInvalid;
  }
  Ref<Program> program = program_file->program();
  EBPF_TRY(static_cast<ProgArrayMap&>(map).Set(
      LoadUnaligned<uint32_t>(key.data()), program->tail_call_target()));
  (void)program.Leak();
  return Status::kOk;
}

Status PutPerfEvent(const Call& call, const OpenMap& map, ConstBytes key,
                    ConstBytes value) {
  Ref<File> file = EBPF_TRY(FileIn(call, *map, key, value));
  PerfEventFile* event_file = file->AsPerfEvent();
  if (event_file == nullptr) {
    return Status::kInvalid;
  }
  return PerfEventArrayMap::From(*map).Set(
      LoadUnaligned<uint32_t>(key.data()),
      Ref<ArrayedEvent>(Ref<PerfEvent>::Share(event_file->event())),
      map.user());
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

Status UpdateElement(const Call& call, const OpenMap& map, ConstBytes key,
                     ConstBytes value, uint64_t flags) {
  const MapType type = map->spec().type;
  if (type == MapType::kProgArray || type == MapType::kPerfEventArray) {
    if (flags != 0) {
      return Status::kInvalid;
    }
    return type == MapType::kProgArray ? PutProgram(call, *map, key, value)
                                       : PutPerfEvent(call, map, key, value);
  }
  ReadSection reading;
  return map->UpdateFromUser(key, value, static_cast<UpdateMode>(flags));
}

Status DeleteElement(Map& map, ConstBytes key) {
  if (map.spec().type == MapType::kProgArray) {
    return static_cast<ProgArrayMap&>(map).Clear(
        LoadUnaligned<uint32_t>(key.data()));
  }
  if (map.spec().type == MapType::kPerfEventArray) {
    return PerfEventArrayMap::From(map).Clear(
        LoadUnaligned<uint32_t>(key.data()));
  }
  ReadSection reading;
  return map.DeleteFromUser(key);
}

}  // namespace ebpf
