// SPDX-License-Identifier: MIT
//
// BPF_PROG_BIND_MAP: a map that lives as long as a program that does not use
// it, such as one of global data that only tools read.
#include "core/files/map_file.h"
#include "core/files/program_file.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/syscall/commands.h"

namespace ebpf {

Result<int> ProgBindMap(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<linux_abi::BindMapAttr>(raw));
  if (attr.flags != 0) {
    return Status::kInvalid;
  }
  FdTable& fds = call.client.fds();
  Ref<File> program = EBPF_TRY(fds.Get(static_cast<int32_t>(attr.prog_fd)));
  if (program->AsProgram() == nullptr) {
    return Status::kInvalid;
  }
  Ref<File> map = EBPF_TRY(fds.Get(static_cast<int32_t>(attr.map_fd)));
  if (map->AsMap() == nullptr) {
    return Status::kInvalid;
  }
  EBPF_TRY(program->AsProgram()->program()->BindMap(
      Ref<Map>::Share(map->AsMap()->map())));
  return 0;
}

}  // namespace ebpf
