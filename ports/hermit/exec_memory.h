// SPDX-License-Identifier: MIT
//
// Executable memory, as what writes it sees it.
#pragma once

#include "core/platform/exec_pool.h"

namespace ebpf::hermit {

/// Part of the image, and so near to all kernel text. Changed by
/// ebpf_port_exec_alloc and ebpf_port_exec_free alone.
extern ExecPool exec_pool;

}  // namespace ebpf::hermit
