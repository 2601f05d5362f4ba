// SPDX-License-Identifier: MIT
//
// The helpers that print.
#include "core/helpers/functions.h"
#include "core/helpers/result.h"
#include "core/helpers/trace_log.h"

namespace ebpf::helpers {

/// long bpf_trace_printk(fmt, fmt_size, ...): the text's length, -EINVAL for a
/// bad format, -EBUSY where nested too deep or without a log.
uint64_t TracePrintk(uint64_t fmt, uint64_t fmt_size, uint64_t r3, uint64_t r4,
                     uint64_t r5) {
  TraceLog* log = GlobalTraceLog();
  if (log == nullptr) {
    return AsResult(Status::kBusy);
  }
  const uint64_t args[] = {r3, r4, r5};
  const ConstBytes format(reinterpret_cast<const uint8_t*>(fmt),
                          static_cast<uint32_t>(fmt_size));
  const Result<size_t> length = log->Print(format, args);
  return length.ok() ? *length : AsResult(length.status());
}

/// long bpf_trace_vprintk(fmt, fmt_size, data, data_size): the same with up to
/// 12 arguments in memory.
uint64_t TraceVprintk(uint64_t fmt, uint64_t fmt_size, uint64_t data,
                      uint64_t data_size, uint64_t) {
  TraceLog* log = GlobalTraceLog();
  const Result<Span<const uint64_t>> args = FormatArguments(data, data_size);
  if (!args.ok() || log == nullptr) {
    return AsResult(args.ok() ? Status::kBusy : args.status());
  }
  const ConstBytes format(reinterpret_cast<const uint8_t*>(fmt),
                          static_cast<uint32_t>(fmt_size));
  const Result<size_t> length = log->Print(format, *args);
  return length.ok() ? *length : AsResult(length.status());
}

}  // namespace ebpf::helpers
