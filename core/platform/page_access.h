// SPDX-License-Identifier: MIT
//
// What paged_nofault.cc and writable_text.cc take of a kernel that maps memory
// and devices' registers side by side, so that no range of addresses may be
// tried. The former is ebpf_port_read_nofault and ebpf_port_write_nofault,
// whole: each page is asked for before it is touched, and a fault in spite of
// the answer is caught by the port's hook.
#pragma once

#include <stdint.h>

namespace ebpf {

/// The port's: whether the page at `address` may be read or written. The answer
/// is no where a device is, and may be wrong where nothing is. Context: any.
bool MayReadPage(uintptr_t address);
bool MayWritePage(uintptr_t address);

}  // namespace ebpf
