// SPDX-License-Identifier: MIT
//
// Where tests of compiled programs run.
#pragma once

#include <stdint.h>

#include "testing/guest/jit/code.h"

namespace guest::jit {

/// Starts the port and eBPF, once for an image. False: it failed.
bool Start();

/// Runs `body(argument)` on `cpu` and waits for it.
void RunOn(uint32_t cpu, void (*body)(void* argument), void* argument);

}  // namespace guest::jit
