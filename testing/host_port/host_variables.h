// SPDX-License-Identifier: MIT
//
// The host port's variables for programs: a test's own.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf {

/// Makes the variable at `address` one that programs find. `stride`: each CPU
/// has its own, so many bytes behind the one before; 0: there is one for all.
/// `name` is copied.
void AddHostVariable(const char* name, const void* address, size_t stride = 0);

/// Takes all of them away.
void RemoveHostVariables();

}  // namespace ebpf
