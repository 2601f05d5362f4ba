// SPDX-License-Identifier: MIT
//
// The tag of a program: what tells its instructions from others.
#pragma once

#include <stdint.h>

#include "core/isa/insn.h"

namespace ebpf {

inline constexpr size_t kTagSize = 8;  // BPF_TAG_SIZE

/// The first bytes of the SHA-256 (Linux before 6.18: SHA-1) of the
/// instructions as the client loads them, the descriptors of maps and what
/// stands behind them taken for zeros. Context: task.
void ComputeTag(isa::ConstInsns insns, uint8_t (&tag)[kTagSize]);

}  // namespace ebpf
