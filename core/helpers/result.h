// SPDX-License-Identifier: MIT
//
// How a helper's outcome becomes r0: the one place in helpers that negates.
#pragma once

#include <stdint.h>

#include "core/base/status.h"

namespace ebpf::helpers {

/// 0, or -errno as Linux's helpers return it.
constexpr uint64_t AsResult(Status status) {
  return static_cast<uint64_t>(-static_cast<int64_t>(status));
}

}  // namespace ebpf::helpers
