// SPDX-License-Identifier: MIT
//
// BPF_MAP_FREEZE: user space has written what it wanted to; programs may still,
// unless the map is read-only for them, and then the verifier knows its values.
#include "core/files/map_file.h"
#include "core/linux_abi/bpf.h"
#include "core/syscall/commands.h"

namespace ebpf {

Result<int> MapFreeze(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<linux_abi::MapFreezeAttr>(raw));
  Ref<File> file =
      EBPF_TRY(call.client.fds().Get(static_cast<int32_t>(attr.map_fd)));
  MapFile* map_file = file->AsMap();
  if (map_file == nullptr) {
    return Status::kInvalid;
  }
  Map& map = map_file->map();
  // Maps that somebody else fills, or whose values change by themselves.
  if (map.spec().type == MapType::kStructOps || !map.fields().empty()) {
    return Status::kNotSupportedLinux;
  }
  if (!map_file->Allows(FileAccess::kWrite) || map.frozen()) {
    return Status::kNotPermitted;
  }
  map.Freeze();
  return 0;
}

}  // namespace ebpf
