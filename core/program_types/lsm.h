// SPDX-License-Identifier: MIT
//
// What programs of type lsm may do by the hook that they are loaded for.
#pragma once

#include "core/base/string_view.h"
#include "core/program_types/program_type.h"

namespace ebpf {

/// What the program on `hook` ("file_open", without "bpf_lsm_") may return.
/// `returns_int`: the hook's function gives an int, not nothing (by BTF).
ReturnRange LsmReturns(StringView hook, bool returns_int, uint32_t attach_type);

}  // namespace ebpf
