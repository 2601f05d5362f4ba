// SPDX-License-Identifier: MIT
//
// Numbers that are known since nobody can change them: constants of a program
// (.rodata) in a map that is frozen and that programs may not write.
#pragma once

#include "core/verifier/memory_access.h"

namespace ebpf::verifier {

/// Whether the load through `reg`, which was found to be within bounds, always
/// gives the same `number`: that, zero-extended.
bool ReadFrozenValue(const RegState& reg, const Access& access,
                     uint64_t& number);

}  // namespace ebpf::verifier
