// SPDX-License-Identifier: MIT
//
// BPF_MAP_CREATE.
#include "core/base/memory.h"
#include "core/files/map_file.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/map.h"
#include "core/syscall/commands.h"

namespace ebpf {

Result<int> MapCreate(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<linux_abi::MapCreateAttr>(raw));
  if (!IsObjectName(attr.map_name)) {
    return Status::kInvalid;
  }
  // Kinds that take any of these do not exist here yet: what Linux answers for
  // a kind that takes none. BTF of keys and values would need BPF_BTF_LOAD.
  if (attr.inner_map_fd != 0 || attr.map_ifindex != 0 || attr.map_extra != 0 ||
      attr.btf_vmlinux_value_type_id != 0 || attr.value_type_btf_obj_fd != 0 ||
      attr.map_token_fd != 0 ||
      (attr.map_flags & linux_abi::kMapNumaNode) != 0 || attr.numa_node != 0) {
    return Status::kInvalid;
  }
  if (attr.btf_key_type_id != 0 || attr.btf_value_type_id != 0) {
    return Status::kBadFd;  // btf_fd is no BTF object: there are none
  }

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
