// SPDX-License-Identifier: MIT
//
// What programs wrote by bpf_trace_printk, and what other events told, as Linux
// gives it in trace_pipe.
#pragma once

#include <stddef.h>

#include "core/base/span.h"

namespace ebpf {

/// Moves lines out of the trace, oldest first, as long as the next one is
/// sure to fit (helpers' kMaxTraceLine); the bytes written, 0 when there is
/// none. Context: task.
size_t ReadTracePipe(Span<char> to);

}  // namespace ebpf
