// SPDX-License-Identifier: MIT
//
// Which functions of Alien run between a breakpoint and our hook, and after it.
#pragma once

#include <stdint.h>

namespace ebpf::alien {

/// Whether `address` lies in a function that must not be probed, or in none
/// that the symbol table knows. Context: task.
bool IsUnprobeable(uintptr_t address);

}  // namespace ebpf::alien
