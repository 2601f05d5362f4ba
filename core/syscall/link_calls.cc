// SPDX-License-Identifier: MIT
//
// BPF_LINK_UPDATE and BPF_LINK_DETACH.
#include "core/linux_abi/bpf_objects.h"
#include "core/syscall/commands.h"
#include "core/syscall/fd_objects.h"

namespace ebpf {
Result<int> LinkUpdate(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<linux_abi::LinkUpdateAttr>(raw));
  if ((attr.flags & ~linux_abi::kLinkReplace) != 0) {
    return Status::kInvalid;
  }
  Ref<Link> link = EBPF_TRY(LinkOf(call, attr.link_fd));
  Ref<Program> program = EBPF_TRY(ProgramOf(call, attr.new_prog_fd));
  Ref<Program> expected;
  if ((attr.flags & linux_abi::kLinkReplace) != 0) {
    expected = EBPF_TRY(ProgramOf(call, attr.old_prog_fd));
  } else if (attr.old_prog_fd != 0) {
    return Status::kInvalid;
  }
  EBPF_TRY(link->Update(Move(program), expected.get()));
  return 0;
}

Result<int> LinkDetach(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<linux_abi::LinkDetachAttr>(raw));
  Ref<Link> link = EBPF_TRY(LinkOf(call, attr.link_fd));
  EBPF_TRY(link->Detach());
  return 0;
}

}  // namespace ebpf
