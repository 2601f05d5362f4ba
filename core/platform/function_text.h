// SPDX-License-Identifier: MIT
//
// Text by the functions that it belongs to: what ports make
// ebpf_port_may_probe of where a kernel's linker script has no names for what
// they must refuse. By ebpf_port_symbol_by_address.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"
#include "core/base/string_view.h"

namespace ebpf {

/// Whether all of [address, address + size) lies in one function. Context: any.
bool IsInOneFunction(uintptr_t address, size_t size);

/// Whether it touches the function that lies at `function`, as its symbol says.
/// Context: any.
bool TouchesFunction(uintptr_t address, size_t size, uintptr_t function);

/// Whether it lies in one function whose (mangled) name has none of `parts` in
/// it. Context: task.
bool IsInFunctionNamedNoneOf(uintptr_t address, size_t size,
                             Span<const StringView> parts);

}  // namespace ebpf
