// SPDX-License-Identifier: MIT
//
// core/files/judged_program_file.h's implementation.
#include "core/files/judged_program_file.h"

namespace ebpf {

Result<Ref<File>> JudgedProgramFile::Create(Ref<btf::BtfObject> btf,
                                            btf::TypeId type,
                                            Allocator& allocator) {
  JudgedProgramFile* file =
      EBPF_TRY(allocator.New<JudgedProgramFile>(Move(btf), type, allocator));
  return Ref<File>::Adopt(file);
}

void JudgedProgramFile::Destroy() { allocator_.Delete(this); }

}  // namespace ebpf
