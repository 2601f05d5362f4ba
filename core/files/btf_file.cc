// SPDX-License-Identifier: MIT
//
// core/files/btf_file.h's implementation.
#include "core/files/btf_file.h"

namespace ebpf {

Result<Ref<File>> BtfFile::Create(Ref<btf::BtfObject> btf,
                                  Allocator& allocator) {
  BtfFile* file = EBPF_TRY(allocator.New<BtfFile>(Move(btf), allocator));
  return Ref<File>::Adopt(file);
}

void BtfFile::Destroy() { allocator_.Delete(this); }

}  // namespace ebpf
