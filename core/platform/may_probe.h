// SPDX-License-Identifier: MIT
//
// What core asks before it puts a probe anywhere.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/noprobe.h"
#include "core/platform/text.h"

namespace ebpf {

/// Whether a probe may stand on the `size` bytes at `address`: the port says
/// so, and they are none of the code that has no probes. Context: task.
inline bool MayProbe(uintptr_t address, size_t size) {
  return ebpf_port_may_probe(address, size) && !IsNoprobe(address, size);
}

}  // namespace ebpf
