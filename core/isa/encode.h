// SPDX-License-Identifier: MIT
//
// From an instruction to its bytes.
#pragma once

#include "core/base/status.h"
#include "core/isa/decode.h"

namespace ebpf::isa {

/// Writes `insn` to the start of `out`, which has room for `insn.slots` (its
/// `slots` must be what its `op` has). Fields that `op` does not use are
/// written as 0, the selector as the table has it. kInvalid: a register
/// number is none. kNoSpace: `out` is too small. Context: any.
Status Encode(const DecodedInsn& insn, Insns out);

}  // namespace ebpf::isa
