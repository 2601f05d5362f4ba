// SPDX-License-Identifier: MIT
//
// core/syscall/trace_pipe.h's implementation.
#include "core/syscall/trace_pipe.h"

#include "core/helpers/trace_log.h"
#include "core/tracepoints/trace_text.h"

namespace ebpf {

size_t ReadTracePipe(Span<char> to) {
  TraceInstance* trace = GlobalTrace();
  return trace == nullptr
             ? 0
             : TakeLines(*trace, trace->cursor(), to, kMaxTraceLine);
}

}  // namespace ebpf
