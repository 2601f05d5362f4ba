// SPDX-License-Identifier: MIT
//
// Which registers somebody may still read.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Fills in `live` of each instruction: bit r is set if on some path from there
/// r is read before it is written. CheckGraph has been passed.
void ComputeLiveness(Verification& v);

/// The registers (a set of bits) that `insn` reads, and that it overwrites.
struct RegisterUse {
  uint16_t reads;
  uint16_t writes;
};
RegisterUse UseOf(const isa::DecodedInsn& insn);

}  // namespace ebpf::verifier
