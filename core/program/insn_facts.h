// SPDX-License-Identifier: MIT
//
// What the verifier knows of each instruction and an engine may use.
#pragma once

#include <stdint.h>

namespace ebpf {

/// What the address of a memory access is made of.
enum class PointerKind : uint8_t {
  kUnknown,
  kStack,    // the program's own
  kContext,  //
  kMemory,   // a map's value, a ring's record: memory that is there
  /// Kernel memory that may not be there (BTF pointers that are probed): a load
  /// that faults gives 0, and the program goes on.
  kProbed,
};

/// Facts about one instruction on all paths through it. Zero bits mean "nothing
/// known", and an engine must work with nothing known.
struct InsnFacts {
  /// Writes of 32 bits: nobody reads the upper half, so it need not be zeroed.
  uint8_t no_zero_extension : 1;
  /// The divisor is not zero.
  uint8_t divisor_non_zero : 1;
  /// No path comes here: what the instruction asks for need not be there.
  uint8_t never_reached : 1;
  /// Loads, stores and atomics.
  PointerKind pointer : 3;
  /// A conditional jump that always goes the one way; at most one is set.
  uint8_t always_jumps : 1;
  uint8_t never_jumps : 1;

  bool stack_access() const { return pointer == PointerKind::kStack; }
};
static_assert(sizeof(InsnFacts) == 1);

}  // namespace ebpf
