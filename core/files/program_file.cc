// SPDX-License-Identifier: MIT
//
// core/files/program_file.h's implementation.
#include "core/files/program_file.h"

namespace ebpf {

Result<Ref<File>> ProgramFile::Create(Ref<Program> program,
                                      Allocator& allocator) {
  ProgramFile* file =
      EBPF_TRY(allocator.New<ProgramFile>(Move(program), allocator));
  return Ref<File>::Adopt(file);
}

void ProgramFile::Destroy() { allocator_.Delete(this); }

}  // namespace ebpf
