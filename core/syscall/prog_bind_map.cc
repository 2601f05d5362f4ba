// SPDX-License-Identifier: MIT
//
// BPF_PROG_BIND_MAP: a map that lives as long as a program that does not use
// it, such as one of global data that only tools read.
#include "core/linux_abi/bpf_objects.h"
#include "core/syscall/commands.h"
#include "core/syscall/fd_objects.h"

namespace ebpf {

Result<int> ProgBindMap(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<linux_abi::BindMapAttr>(raw));
  if (attr.flags != 0) {
    return Status::kInvalid;
  }
  Ref<Program> program = EBPF_TRY(ProgramOf(call, attr.prog_fd));
  Ref<Map> map = EBPF_TRY(MapOf(call, attr.map_fd));
  EBPF_TRY(program->BindMap(Move(map)));
  return 0;
}

}  // namespace ebpf
