// SPDX-License-Identifier: MIT
//
// core/tracepoints/trace_writer.h's implementation: what is not inlined.
#include "core/tracepoints/trace_writer.h"

#include "core/base/memory.h"

namespace ebpf {

void* TraceWriter::Reserve(size_t size, uint32_t cpu) {
  return buffer_->Reserve(size, cpu);
}

void TraceWriter::Commit(void* record, uint32_t cpu) {
  Note(LoadUnaligned<EventHeader>(record), TraceBuffer::TimeOf(record), cpu);
  buffer_->Commit(record);
}

}  // namespace ebpf
