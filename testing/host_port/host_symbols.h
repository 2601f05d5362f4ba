// SPDX-License-Identifier: MIT
//
// The host port's symbol table: this program's functions, and a test's own.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf {

/// Adds a function; it hides one of the same name in the program. `name` is
/// copied.
void AddHostSymbol(const char* name, uint64_t address, size_t size);

/// Removes the functions added at `address`.
void RemoveHostSymbol(uint64_t address);

}  // namespace ebpf
