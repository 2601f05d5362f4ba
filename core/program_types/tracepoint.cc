// SPDX-License-Identifier: MIT
//
// BPF_PROG_TYPE_TRACEPOINT, RAW_TRACEPOINT (and writable), PERF_EVENT: what the
// kernel tells of itself, read-only.
#include "core/program_types/context_table.h"
#include "core/program_types/rows.h"

namespace ebpf {
namespace {

/// A trace event begins with a pointer that is not for programs, and is no
/// longer than Linux's PERF_MAX_TRACE_SIZE. How long the event is that it is
/// attached to is checked then.
constexpr uint32_t kTraceEventBegin = 8;
constexpr uint32_t kTraceEventEnd = 8192;

/// Twelve arguments as 8-byte words.
constexpr uint32_t kRawArguments = 12 * 8;

/// struct bpf_perf_event_data: the registers, then two words.
constexpr uint32_t kPerfWords = 2 * 8;

}  // namespace

ContextAnswer TracepointAccess(const ContextQuery& query) {
  return query.write ? ContextAnswer()
                     : AccessWords(query, kTraceEventBegin, kTraceEventEnd);
}

ContextAnswer RawTracepointAccess(const ContextQuery& query) {
  return query.write ? ContextAnswer() : AccessWords(query, 0, kRawArguments);
}

/// The first argument is a buffer that may be written.
ContextAnswer RawTracepointWritableAccess(const ContextQuery& query) {
  if (query.offset != 0) {
    return RawTracepointAccess(query);
  }
  if (query.write || query.size != 8) {
    return {};
  }
  return {ContextValue::kBuffer, 0, 8};
}

/// Registers as a whole, sample_period and addr also in parts.
ContextAnswer PerfEventAccess(const ContextQuery& query) {
  const uint32_t registers = query.context_size;
  if (query.write || (query.offset < registers && query.size != 8)) {
    return {};
  }
  ContextAnswer answer = AccessWords(query, 0, registers + kPerfWords);
  if (answer.value == ContextValue::kScalar) {
    answer.field_offset = query.offset & ~uint32_t{7};
    answer.field_size = 8;
  }
  return answer;
}

}  // namespace ebpf
