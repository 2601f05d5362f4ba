// SPDX-License-Identifier: MIT
//
// What measured_time_test.cc must know of the CPU that it runs on.
#pragma once

#include <stdint.h>

namespace ebpf {

/// What core/platform/measured_time.h says that is measured.
uint64_t ReadCounter();

}  // namespace ebpf
