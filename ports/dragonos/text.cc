// SPDX-License-Identifier: MIT
//
// What of core/platform/text.h and features.h is DragonOS's on any CPU: where
// its text is, and what may be probed there.
#include "core/platform/text.h"

#include "core/platform/features.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/machine.h"

namespace {

using namespace ebpf::dragonos;

/// Whether any of those bytes is in one of the kernel's ranges.
bool IsInAny(dragonos_range (*range_at)(size_t index), uintptr_t address,
             size_t size) {
  for (size_t i = 0;; ++i) {
    const dragonos_range range = range_at(i);
    if (range.begin == range.end) {
      return false;
    }
    if (address < range.end && address + size > range.begin) {
      return true;
    }
  }
}

}  // namespace

namespace ebpf::dragonos {

bool IsText(uintptr_t address, size_t size) {
  const dragonos_range text = dragonos_text();
  return address >= text.begin && address < text.end &&
         size <= text.end - address;
}

}  // namespace ebpf::dragonos

extern "C" {

uint32_t ebpf_port_features(void) {
  return EBPF_PORT_OVERRIDE | EBPF_PORT_STACKS | EBPF_PORT_TIMERS;
}

bool ebpf_port_may_probe(uintptr_t address, size_t size) {
  return size != 0 && IsText(address, size) && !IsExecPool(address, size) &&
         !IsInAny(&dragonos_no_probe, address, size);
}

// The kernel's target has no red zone.
bool ebpf_port_may_detour(uintptr_t address, size_t size) {
  return !IsInAny(&dragonos_odd_place, address, size);
}

}  // extern "C"
