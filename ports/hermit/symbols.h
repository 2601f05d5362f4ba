// SPDX-License-Identifier: MIT
//
// The symbol table that the second link put into the image.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::hermit {

/// Opens it; false if there is none or it is damaged, and no symbol is found
/// then. Context: task, once.
bool OpenSymbols();

/// Whether [address, address + size) lies between the first function of the
/// image and the end of its last. Context: any.
bool IsText(uintptr_t address, size_t size);

/// Whether [address, address + size) touches the function that lies at
/// `function`, as its symbol says. Context: any.
bool TouchesFunction(uintptr_t address, size_t size, uintptr_t function);

}  // namespace ebpf::hermit
