// SPDX-License-Identifier: MIT
//
// core/syscall/fd_objects.h's implementation.
#include "core/syscall/fd_objects.h"

#include "core/files/link_file.h"
#include "core/files/map_file.h"
#include "core/files/program_file.h"

namespace ebpf {

Result<Ref<Program>> ProgramOf(const Call& call, uint32_t fd) {
  Ref<File> file = EBPF_TRY(call.client.fds().Get(static_cast<int32_t>(fd)));
  if (file->AsProgram() == nullptr) {
    return Status::kInvalid;
  }
  return file->AsProgram()->program();
}

Result<Ref<Map>> MapOf(const Call& call, uint32_t fd) {
  Ref<File> file = EBPF_TRY(call.client.fds().Get(static_cast<int32_t>(fd)));
  if (file->AsMap() == nullptr) {
    return Status::kInvalid;
  }
  return Ref<Map>::Share(file->AsMap()->map());
}

Result<Ref<Link>> LinkOf(const Call& call, uint32_t fd) {
  Ref<File> file = EBPF_TRY(call.client.fds().Get(static_cast<int32_t>(fd)));
  if (file->AsLink() == nullptr) {
    return Status::kInvalid;
  }
  return file->AsLink()->link();
}

}  // namespace ebpf
