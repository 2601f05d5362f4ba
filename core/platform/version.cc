// SPDX-License-Identifier: MIT
//
// What a port has that does not say which contract it was written for. A file
// of its own, for the reason that this_cpu.cc is one.
#include "core/platform/version.h"

extern "C" {
// In braces: g++ takes what follows extern "C" itself for a declaration.
__attribute__((weak)) constinit uint32_t ebpf_port_written_for = 0;
}  // extern "C"
