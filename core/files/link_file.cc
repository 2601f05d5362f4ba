// SPDX-License-Identifier: MIT
//
// core/files/link_file.h's implementation.
#include "core/files/link_file.h"

#include "core/files/iterator_file.h"

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

Result<Ref<File>> LinkFile::OpenByName(Allocator& allocator) {
  const IteratorLink* iterator = link_->AsIterator();
  return iterator != nullptr ? IteratorFile::Create(*iterator, allocator)
                             : Result<Ref<File>>(Status::kIo);
}

}  // namespace ebpf
