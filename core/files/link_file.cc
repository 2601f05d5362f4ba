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

}  // namespace ebpf
