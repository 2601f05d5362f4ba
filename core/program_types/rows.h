// SPDX-License-Identifier: MIT
//
// The rows of program_types.def, one k<Name>Type in each type's own file.
#pragma once

#include "core/program_types/program_type.h"

namespace ebpf {

#define EBPF_PROGRAM_TYPE(number, name) extern const ProgramType k##name##Type;
#include "core/program_types/program_types.def"
#undef EBPF_PROGRAM_TYPE

}  // namespace ebpf
