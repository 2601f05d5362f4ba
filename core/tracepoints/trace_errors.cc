// SPDX-License-Identifier: MIT
//
// core/tracepoints/trace_errors.h's implementation.
#include "core/tracepoints/trace_errors.h"

#include "core/base/memory.h"
#include "core/base/thread_annotations.h"
#include "core/platform/time.h"
#include "core/sync/mutex.h"
#include "core/tracepoints/trace_text.h"

namespace ebpf {
namespace {

struct TraceError {
  uint64_t time;
  size_t position;
  char where[64];
  char error[96];
  char command[kMaxTraceErrorText];
};

constinit Mutex mutex;
constinit TraceError errors[kMaxTraceErrors] EBPF_GUARDED_BY(mutex) = {};
constinit size_t added EBPF_GUARDED_BY(mutex) = 0;

template <size_t kSize>
void Keep(char (&to)[kSize], StringView text) {
  FillBytes(to, 0, kSize);
  CopyBytes(to, text.data(), Min(text.size(), kSize));
}

template <size_t kSize>
StringView Kept(const char (&from)[kSize]) {
  return StringView::FromField(from, kSize);
}

}  // namespace

void AddTraceError(StringView where, StringView command, StringView error,
                   size_t position) {
  const MutexGuard guard(mutex);
  TraceError& to = errors[added++ % kMaxTraceErrors];
  to.time = ebpf_port_time_ns();
  to.position = Min(position, kMaxTraceErrorText);
  Keep(to.where, where);
  Keep(to.error, error);
  Keep(to.command, command);
}

bool PutTraceError(TextWriter& writer, size_t index) {
  const MutexGuard guard(mutex);
  const size_t count = Min(added, kMaxTraceErrors);
  if (index >= count) {
    return false;
  }
  const TraceError& from = errors[(added - count + index) % kMaxTraceErrors];
  writer.Put('[');
  PutTraceTime(writer, from.time);
  writer.Put("] ").Put(Kept(from.where)).Put(": error: ");
  writer.Put(Kept(from.error)).Put("\n  Command: ").Put(Kept(from.command));
  writer.Put("\n           ");
  for (size_t i = 0; i < from.position; ++i) {
    writer.Put(' ');
  }
  writer.Put("^\n");
  return true;
}

void ClearTraceErrors() {
  const MutexGuard guard(mutex);
  added = 0;
}

}  // namespace ebpf
