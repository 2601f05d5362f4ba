// SPDX-License-Identifier: MIT
//
// What an x86-64 personality says of its interrupt descriptor table.
#pragma once

#include <stdint.h>

namespace guest::x86_64 {

enum class GateType : uint8_t {
  kInterrupt = 0xe,  // clears IF on entry
  kTrap = 0xf,       // leaves IF as it was
};

struct Gate {
  GateType type = GateType::kInterrupt;
  uint8_t ist = 0;        // 0: stays on the interrupted stack
  uint8_t privilege = 0;  // least privileged ring that may use `int n`
  uintptr_t entry = 0;    // 0: guest_trap_entry + 16 * vector (machine.h)
};

/// How the kernel that is played enters through `vector`. IST 1 is a stack for
/// #DF.
Gate GateOf(uint8_t vector);

}  // namespace guest::x86_64
