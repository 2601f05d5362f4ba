// SPDX-License-Identifier: MIT
//
// core/syscall/trace_pipe.h's implementation.
#include "core/syscall/trace_pipe.h"

#include "core/helpers/trace_log.h"

namespace ebpf {

size_t ReadTracePipe(Span<char> to) {
  TraceLog* log = GlobalTraceLog();
  size_t used = 0;
  while (log != nullptr && to.size() - used >= kMaxTraceLine) {
    const Result<size_t> line = log->ReadLine(to.Subspan(used));
    if (!line.ok()) {
      break;  // no more of them now
    }
    used += *line;
  }
  return used;
}

}  // namespace ebpf
