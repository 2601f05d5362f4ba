// SPDX-License-Identifier: MIT
//
// What a port has that says nothing of its CPUs. Beside absent.cc: every image
// needs this, and who takes it out of an archive must not get with it defaults
// of what the port has.
#include "core/platform/this_cpu.h"

extern "C" {
// In braces: g++ takes what follows extern "C" itself for a declaration.
__attribute__((weak)) constinit ebpf_this_cpu ebpf_port_this_cpu = {};
__attribute__((weak)) constinit ebpf_context ebpf_port_context = {};
}  // extern "C"
