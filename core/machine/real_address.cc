// SPDX-License-Identifier: MIT
//
// core/machine/real_address.h's implementation.
#include "core/machine/real_address.h"

#include "core/machine/return_stubs.h"

namespace ebpf::machine {

constinit Atomic<uint64_t (*)(uint64_t pc)> pc_behind_slots{nullptr};

uint64_t RealAddress(uint64_t address) {
  const uint64_t caller = RealReturnAddress(address);
  const auto behind = pc_behind_slots.Load(kRelaxed);
  return behind == nullptr ? caller : behind(caller);
}

}  // namespace ebpf::machine
