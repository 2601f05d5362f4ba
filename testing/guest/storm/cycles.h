// SPDX-License-Identifier: MIT
//
// How long a storm is: short in the ordinary tests, long for run.sh.
#pragma once

#include <stdint.h>

namespace guest::storm {

/// Times that probes of each kind come and go.
extern const uint32_t kCycles;

}  // namespace guest::storm
