// SPDX-License-Identifier: MIT
//
// BPF_MAP_CREATE.
#include "core/base/memory.h"
#include "core/files/map_file.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/map.h"
#include "core/syscall/commands.h"

namespace ebpf {

namespace {

Status CheckAttr(const Call& call, const linux_abi::MapCreateAttr& attr) {
  // What belongs to kinds that do not exist here yet.
  if (attr.btf_vmlinux_value_type_id != 0 || attr.map_extra != 0 ||
      attr.map_ifindex != 0 ||
      (attr.btf_key_type_id != 0 && attr.btf_value_type_id == 0)) {
    return Status::kInvalid;
  }
  // There is one node; without the flag nobody looks at the number.
  if ((attr.map_flags & linux_abi::kMapNumaNode) != 0 && attr.numa_node != 0) {
    return Status::kInvalid;
  }
  // As with Linux's kernel.unprivileged_bpf_disabled = 2, its default: making
  // is for the privileged, using for whoever has a descriptor.
  if (!call.client.Capable(linux_abi::kCapBpf)) {
    return Status::kNotPermitted;
  }
  // A hash without a seed is a gift to whoever chooses the keys.
  if ((attr.map_flags & linux_abi::kMapZeroSeed) != 0 &&
      !call.client.Capable(linux_abi::kCapSysAdmin)) {
    return Status::kNotPermitted;
  }
  if (!IsObjectName(attr.map_name)) {
    return Status::kInvalid;
  }
  if (attr.btf_value_type_id != 0) {
    return NotBtf(call.client.fds(), attr.btf_fd);
  }
  return Status::kOk;
}

}  // namespace

Result<int> MapCreate(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<linux_abi::MapCreateAttr>(raw));
  EBPF_TRY(CheckAttr(call, attr));
  MapSpec spec;
  spec.type = static_cast<MapType>(attr.map_type);
  spec.key_size = attr.key_size;
  spec.value_size = attr.value_size;
  spec.max_entries = attr.max_entries;
  spec.flags = attr.map_flags;
  CopyBytes(spec.name, attr.map_name, sizeof(spec.name));
  Ref<Map> map = EBPF_TRY(CreateMap(spec, *call.system.allocator));
  Ref<File> file = EBPF_TRY(MapFile::Create(Move(map), *call.system.allocator));
  return call.client.fds().Install(Move(file));
}

}  // namespace ebpf
