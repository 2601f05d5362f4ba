// SPDX-License-Identifier: MIT
//
// Where in the kernel's own text it is that a stack tells of.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"

namespace ebpf::machine {

/// Of a place in a slot, the one in the text whose instruction runs there; of
/// any other, itself. Null: there are no probes. Context of a call: any.
[[gnu::visibility("hidden")]] extern constinit Atomic<uint64_t (*)(uint64_t pc)>
    pc_behind_slots;

/// What `address`, found on a kernel stack, stands for: a return address as
/// RealReturnAddress has it, and where something was interrupted as it would be
/// without probes. Context: RealReturnAddress's.
uint64_t RealAddress(uint64_t address);

}  // namespace ebpf::machine
