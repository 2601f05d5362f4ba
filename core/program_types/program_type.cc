// SPDX-License-Identifier: MIT
//
// The table of program types.
#include "core/program_types/program_type.h"

#include "core/program_types/rows.h"

namespace ebpf {

const ProgramType* FindProgramType(uint32_t number) {
  switch (number) {
#define EBPF_PROGRAM_TYPE(number, name) \
  case number:                          \
    return &k##name##Type;
#include "core/program_types/program_types.def"
#undef EBPF_PROGRAM_TYPE
    default:
      return nullptr;
  }
}

}  // namespace ebpf
