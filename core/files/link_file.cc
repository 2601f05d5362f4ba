// SPDX-License-Identifier: MIT
//
// core/files/link_file.h's implementation.
#include "core/files/link_file.h"

namespace ebpf {

Result<Ref<File>> LinkFile::Create(Ref<Link> link, const char* name,
                                   Allocator& allocator) {
  LinkFile* file =
      EBPF_TRY(allocator.New<LinkFile>(Move(link), name, allocator));
  return Ref<File>::Adopt(file);
}

Result<Ref<File>> LinkFile::Reopen(uint32_t flags, Allocator& allocator) {
  if (flags != 0) {
    return Status::kInvalid;
  }
  return Create(link_, kFound, allocator);
}

}  // namespace ebpf
