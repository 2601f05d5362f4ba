// SPDX-License-Identifier: MIT
//
// What tests of ports/hermit on two CPUs begin with.
#pragma once

#include <stdint.h>

namespace hermit {

inline constexpr uint32_t kCpus = 2;

/// The port and probes, once for the image.
bool ProbesAreUp();

/// A task of each CPU runs `body`, at the same time; all have ended then.
bool RunOnAll(void (*body)(uintptr_t cpu));

}  // namespace hermit
