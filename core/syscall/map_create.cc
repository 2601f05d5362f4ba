// SPDX-License-Identifier: MIT
//
// BPF_MAP_CREATE.
#include "core/base/memory.h"
#include "core/files/btf_file.h"
#include "core/files/map_file.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/described_map.h"
#include "core/maps/map.h"
#include "core/maps/map_btf.h"
#include "core/maps/map_of_maps.h"
#include "core/syscall/commands.h"

namespace ebpf {

namespace {

using linux_abi::MapCreateAttr;

/// Kinds that clients without CAP_BPF get where they get any.
bool IsForAnybody(MapType type) {
  switch (type) {
    case MapType::kArray:
    case MapType::kPerCpuArray:
    case MapType::kProgArray:
    case MapType::kPerfEventArray:
    case MapType::kCgroupArray:
    case MapType::kArrayOfMaps:
    case MapType::kHash:
    case MapType::kPerCpuHash:
    case MapType::kHashOfMaps:
    case MapType::kRingBuffer:
    case MapType::kUserRingBuffer:
    case MapType::kCgroupStorage:
    case MapType::kPerCpuCgroupStorage:
      return true;
    default:
      return false;
  }
}

/// Kinds that hold sockets or network devices.
bool IsForNetAdmin(MapType type) {
  switch (type) {
    case MapType::kSockMap:
    case MapType::kSockHash:
    case MapType::kDevMap:
    case MapType::kDevMapHash:
    case MapType::kXskMap:
      return true;
    default:
      return false;
  }
}

/// Kinds in whose spec the BTF of key and value is not optional.
bool NeedsBtf(MapType type) {
  switch (type) {
    case MapType::kSkStorage:
    case MapType::kInodeStorage:
    case MapType::kTaskStorage:
    case MapType::kCgroupLocalStorage:
      return true;
    default:
      return false;
  }
}

Status CheckRights(const Call& call, const MapCreateAttr& attr) {
  const Client& client = call.client;
  const auto type = static_cast<MapType>(attr.map_type);
  // As with Linux's kernel.unprivileged_bpf_disabled = 2, its default: making
  // is for the privileged, using for whoever has a descriptor.
  if (!client.Capable(linux_abi::kCapBpf) &&
      !(call.system.kernel.allows_unprivileged && IsForAnybody(type))) {
    return Status::kNotPermitted;
  }
  if (IsForNetAdmin(type) && !client.Capable(linux_abi::kCapNetAdmin)) {
    return Status::kNotPermitted;
  }
  // A hash without a seed is a gift to whoever chooses the keys.
  if ((attr.map_flags & linux_abi::kMapZeroSeed) != 0 &&
      !client.Capable(linux_abi::kCapSysAdmin)) {
    return Status::kNotPermitted;
  }
  return Status::kOk;
}

Status CheckAttr(const Call& call, const MapCreateAttr& attr) {
  const auto type = static_cast<MapType>(attr.map_type);
  const bool has_kernel_value = attr.btf_vmlinux_value_type_id != 0;
  if (has_kernel_value &&
      (type != MapType::kStructOps || attr.btf_key_type_id != 0 ||
       attr.btf_value_type_id != 0)) {
    return Status::kInvalid;
  }
  if (!has_kernel_value && attr.btf_key_type_id != 0 &&
      attr.btf_value_type_id == 0) {
    return Status::kInvalid;
  }
  if (attr.map_extra != 0 && type != MapType::kBloomFilter &&
      type != MapType::kArena) {
    return Status::kInvalid;
  }
  // Hardware and tokens do not exist here; there is one node, and without the
  // flag nobody looks at its number.
  if (attr.map_ifindex != 0 ||
      ((attr.map_flags & linux_abi::kMapNumaNode) != 0 && attr.numa_node != 0 &&
       attr.numa_node != linux_abi::kNoNumaNode)) {
    return Status::kInvalid;
  }
  EBPF_TRY(CheckRights(call, attr));
  if (NeedsBtf(type) &&
      (attr.btf_key_type_id == 0 || attr.btf_value_type_id == 0)) {
    return Status::kInvalid;
  }
  return Status::kOk;
}

/// The sizes of key and value are those of their types.
Status CheckTypes(const btf::Btf& btf, const MapSpec& spec,
                  const MapCreateAttr& attr) {
  if (EBPF_TRY(btf.SizeOf(attr.btf_value_type_id)) != spec.value_size) {
    return Status::kInvalid;
  }
  if (attr.btf_key_type_id == 0) {
    // Global data has no key.
    const btf::Type value = EBPF_TRY(btf.TypeAt(attr.btf_value_type_id));
    return spec.type == MapType::kArray && spec.max_entries == 1 &&
                   value.kind == btf::Kind::kDataSection
               ? Status::kOk
               : Status::kInvalid;
  }
  if (EBPF_TRY(btf.SizeOf(attr.btf_key_type_id)) != spec.key_size) {
    return Status::kInvalid;
  }
  const btf::Type key = EBPF_TRY(btf.Resolve(attr.btf_key_type_id));
  if (IsArray(spec.type) && key.kind != btf::Kind::kInt) {
    return Status::kInvalid;
  }
  return spec.type == MapType::kLpmTrie && key.kind != btf::Kind::kStruct
             ? Status::kInvalid
             : Status::kOk;
}

/// The special fields of values. Where Linux finds the types wrong it goes on
/// as if there were none.
Result<Span<MapField>> ReadFields(const Call& call, const MapSpec& spec,
                                  const btf::Btf& btf, btf::TypeId value) {
  const Result<btf::TypeId> type = btf.SkipModifiers(value);
  MapField found[kMaxFields];
  const Result<uint32_t> count =
      type.ok()
          ? FindFields(FieldQuery{&btf, *type, kValueKinds, spec.value_size,
                                  call.system.kernel.btf},
                       found)
          : Result<uint32_t>(type.status());
  if (!count.ok() || *count == 0) {
    return Span<MapField>();
  }
  EBPF_TRY(CheckFields(static_cast<uint32_t>(spec.type), spec.flags,
                       MapFields(found, *count)));
  Span<MapField> fields =
      EBPF_TRY(call.system.allocator->NewArray<MapField>(*count));
  CopyBytes(fields.data(), found, *count * sizeof(MapField));
  return fields;
}

Result<Ref<MapBtf>> ReadTypes(const Call& call, const MapSpec& spec,
                              const MapCreateAttr& attr) {
  Ref<File> file =
      EBPF_TRY(call.client.fds().Get(static_cast<int32_t>(attr.btf_fd)));
  if (file->AsBtf() == nullptr) {
    return Status::kInvalid;
  }
  Ref<btf::BtfObject> btf = file->AsBtf()->btf();
  if (btf.get() == call.system.kernel_types) {
    return Status::kAccess;
  }
  const Status status = CheckTypes(btf->btf(), spec, attr);
  if (!IsOk(status)) {
    return Status::kInvalid;
  }
  Span<MapField> fields =
      EBPF_TRY(ReadFields(call, spec, btf->btf(), attr.btf_value_type_id));
  Allocator& allocator = *call.system.allocator;
  Result<Ref<MapBtf>> types =
      MapBtf::Create(Move(btf), attr.btf_key_type_id, attr.btf_value_type_id,
                     fields, allocator);
  if (!types.ok()) {
    allocator.DeleteArray(fields);
  }
  return types;
}

Result<Ref<Map>> MakeMapOfMaps(const Call& call, MapSpec spec,
                               const MapCreateAttr& attr) {
  EBPF_TRY(CheckMapOfMapsSpec(spec));
  const Ref<File> file =
      EBPF_TRY(call.client.fds().Get(static_cast<int32_t>(attr.inner_map_fd)));
  if (file->AsMap() == nullptr) {
    return Status::kInvalid;
  }
  spec.inner = &file->AsMap()->map();
  return CreateCountedMap(spec, *call.system.allocator);
}

/// A map of a kind that exists here, or, to judge programs, of any of Linux's.
Result<Ref<Map>> Make(const Call& call, const MapSpec& spec,
                      const MapCreateAttr& attr) {
  if (IsMapOfMaps(spec.type)) {
    return MakeMapOfMaps(call, spec, attr);
  }
  Allocator& allocator = *call.system.allocator;
  Result<Ref<Map>> map = CreateCountedMap(spec, allocator);
  if (map.ok() || map.status() != Status::kInvalid ||
      call.system.kernel.profile != verifier::Profile::kLinux) {
    return map;
  }
  return DescribedMap::Create(spec, allocator);
}

}  // namespace

Result<int> MapCreate(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<MapCreateAttr>(raw));
  EBPF_TRY(CheckAttr(call, attr));
  MapSpec spec;
  spec.type = static_cast<MapType>(attr.map_type);
  spec.key_size = attr.key_size;
  spec.value_size = attr.value_size;
  spec.max_entries = attr.max_entries;
  spec.flags = attr.map_flags;
  spec.extra = attr.map_extra;
  CopyBytes(spec.name, attr.map_name, sizeof(spec.name));
  // In Linux's order: the kind's errors come before a wrong name or type.
  Ref<Map> map = EBPF_TRY(Make(call, spec, attr));
  if (!IsObjectName(attr.map_name)) {
    return Status::kInvalid;
  }
  if (attr.btf_value_type_id != 0) {
    map->SetTypes(EBPF_TRY(ReadTypes(call, spec, attr)));
  }
  EBPF_TRY(map->PrepareFields(*call.system.allocator));
  MapIds().Add(*map);
  // How the descriptor is open, not what the map is.
  const FileAccess access = EBPF_TRY(AccessOf(attr.map_flags));
  Ref<File> file =
      EBPF_TRY(MapFile::Create(Move(map), access, *call.system.allocator));
  return call.client.fds().Install(Move(file));
}

}  // namespace ebpf
