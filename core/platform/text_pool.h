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

}  // namespace ebpf
