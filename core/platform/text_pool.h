// SPDX-License-Identifier: MIT
//
// ebpf_port_exec_alloc and ebpf_port_exec_free, whole, for ports whose
// executable memory is a part of the kernel's text: they link this and
// arch/<isa>/machine:exec_pool, and have ebpf_port_exec_write.
#pragma once

#include "core/platform/exec_pool.h"

namespace ebpf {

/// What these give out; what is not taken holds breakpoints, as freeing writes
/// them there: its context is that of ebpf_port_exec_write, and where that
/// fails what was there stays. Others only look.
extern ExecPool text_pool;

/// Whether [address, address + size) may be patched: of the pool what is taken,
/// and else what `is_text` says is the kernel's. The pool has no symbols, and
/// may lie in front of all that have. Context: any.
bool MayPatch(uintptr_t address, size_t size,
              bool (*is_text)(uintptr_t address, size_t size));

}  // namespace ebpf
