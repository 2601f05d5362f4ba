// SPDX-License-Identifier: MIT
//
// What each type's own file defines: how its context may be accessed.
#pragma once

#include "core/program_types/program_type.h"

namespace ebpf {

#define EBPF_PROGRAM_TYPE(number, name, text, packets, attach, privilege) \
  ContextAnswer name##Access(const ContextQuery& query);
#include "core/program_types/program_types.def"
#undef EBPF_PROGRAM_TYPE

}  // namespace ebpf
