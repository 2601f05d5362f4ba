// SPDX-License-Identifier: MIT
//
// Whether a probe stands where a function is entered, and what is allowed
// there.
#pragma once

#include <stdint.h>

namespace ebpf {

/// The function that is entered at `address`: where it begins, or behind what
/// only marks that (x86-64: endbr64). 0: none. Context: any.
uint64_t FunctionEnteredAt(uint64_t address);

/// Whether a program that calls bpf_override_return may be attached to a probe
/// at `address`. Not to where functions return: they have run. Context: task.
bool MayOverrideAt(uint64_t address);

}  // namespace ebpf
