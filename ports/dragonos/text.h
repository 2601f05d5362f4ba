// SPDX-License-Identifier: MIT
//
// Where the kernel's text is.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::dragonos {

/// Whether all of those bytes are the kernel's text. Context: any.
bool IsText(uintptr_t address, size_t size);

}  // namespace ebpf::dragonos
