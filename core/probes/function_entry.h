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

/// Whether the calls that come to `address` may be followed to their returns:
/// a function is entered there, and each of its calls returns once. Context:
/// task.
bool MayFollowAt(uint64_t address);

/// Whether a program that calls bpf_override_return may be attached to a probe
/// at `address`, or to the returns of the function there. Context: task.
bool MayOverrideAt(uint64_t address);

}  // namespace ebpf
