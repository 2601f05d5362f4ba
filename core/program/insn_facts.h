// SPDX-License-Identifier: MIT
//
// What the verifier knows of each instruction and an engine may use.
#pragma once

#include <stdint.h>

namespace ebpf {

/// Facts about one instruction on all paths through it. Zero bits mean "nothing
/// known", and an engine must work with nothing known.
struct InsnFacts {
  /// Writes of 32 bits: nobody reads the upper half, so it need not be zeroed.
  uint8_t no_zero_extension : 1;
  /// The divisor is not zero.
  uint8_t divisor_non_zero : 1;
  /// The memory access is to the program's own stack.
  uint8_t stack_access : 1;
  /// No path comes here: what the instruction asks for need not be there.
  uint8_t never_reached : 1;
};
static_assert(sizeof(InsnFacts) == 1);

}  // namespace ebpf
