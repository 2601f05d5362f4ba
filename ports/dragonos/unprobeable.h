// SPDX-License-Identifier: MIT
//
// The port's own code that a breakpoint may not stand on.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::dragonos {

/// Whether any of the `size` bytes at `address` is part of the port's way from
/// the trap to core and back, or of what runs while CPUs stand. Context: any.
bool IsUnprobeable(uintptr_t address, size_t size);

}  // namespace ebpf::dragonos
