// SPDX-License-Identifier: MIT
//
// The kernel's console and its panic. Tier T0.
#pragma once

#include <stddef.h>

extern "C" {

/// Writes `size` characters, normally one line with its '\n', to the kernel's
/// log. Takes no lock that code under a probe may hold. Context: any.
void ebpf_port_log(const char* text, size_t size);

/// Stops the machine after a broken invariant of ours; `what` ends with a zero.
/// Context: any.
[[noreturn]] void ebpf_port_panic(const char* what);

}  // extern "C"
