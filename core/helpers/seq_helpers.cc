// SPDX-License-Identifier: MIT
//
// Helpers with which an iterator's program writes its file.
#include "core/helpers/functions.h"
#include "core/helpers/result.h"
#include "core/helpers/seq_buffer.h"
#include "core/helpers/trace_log.h"

namespace ebpf::helpers {

/// long bpf_seq_printf(seq, fmt, fmt_size, data, data_size): -EINVAL, -EBUSY,
/// -EOVERFLOW where it does not fit.
uint64_t SeqPrintf(uint64_t seq, uint64_t fmt, uint64_t fmt_size, uint64_t data,
                   uint64_t data_size) {
  TraceLog* log = GlobalTraceLog();
  const Result<Span<const uint64_t>> args = FormatArguments(data, data_size);
  if (!args.ok() || log == nullptr) {
    return AsResult(args.ok() ? Status::kBusy : args.status());
  }
  SeqBuffer& buffer = SeqBuffer::Of(seq);
  const ConstBytes format(reinterpret_cast<const uint8_t*>(fmt),
                          static_cast<uint32_t>(fmt_size));
  const Result<size_t> length = log->Format(buffer.room(), format, *args);
  return AsResult(length.ok() ? buffer.Claim(*length) : length.status());
}

/// long bpf_seq_write(seq, data, size): -EOVERFLOW where it does not fit.
uint64_t SeqWrite(uint64_t seq, uint64_t data, uint64_t size, uint64_t,
                  uint64_t) {
  const ConstBytes bytes(reinterpret_cast<const uint8_t*>(data),
                         static_cast<uint32_t>(size));
  return AsResult(SeqBuffer::Of(seq).Append(bytes));
}

}  // namespace ebpf::helpers
