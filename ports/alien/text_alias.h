// SPDX-License-Identifier: MIT
//
// Writing what no mapping can write.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::alien {

/// Takes the addresses through which text is written; false if there is no
/// memory, and text cannot be written then. Context: task, once.
bool PrepareTextAlias();

/// Fills [begin, begin + size) of executable memory, both even, with
/// breakpoints. Context: task.
void FillWithBreakpoints(uintptr_t begin, size_t size);

}  // namespace ebpf::alien
