// SPDX-License-Identifier: MIT
//
// core/syscall/client_path.h's implementation.
#include "core/syscall/client_path.h"

#include "core/linux_abi/bpf.h"
#include "core/platform/task.h"

namespace ebpf {

PinUser UserOf(const Client& client) {
  PinUser user;
  uint32_t group_id;
  ebpf_port_task_user(&user.id, &group_id);
  user.may_all = client.Capable(linux_abi::kCapDacOverride);
  return user;
}

Status ClientPath::CopyIn(const Client& client, CallerPtr from) {
  EBPF_TRY(characters_.Allocate(PinStore::kMaxPath));
  const Result<size_t> size = client.CopyStringIn(characters_.span(), from);
  if (!size.ok()) {
    return size.status() == Status::kTooBig ? Status::kNameTooLong
                                            : size.status();
  }
  text_ = StringView(characters_.span().data(), *size);
  return Status::kOk;
}

}  // namespace ebpf
