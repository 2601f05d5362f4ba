// SPDX-License-Identifier: MIT
//
// The lines that bpf_trace_printk makes, on their way to the trace.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/span.h"
#include "core/base/status.h"
#include "core/base/string_view.h"
#include "core/helpers/pointer_id.h"
#include "core/helpers/trace_format.h"
#include "core/memory/allocator.h"
#include "core/memory/per_cpu.h"

namespace ebpf {

/// The longest text of one call, its zero in Linux included.
inline constexpr size_t kMaxTraceText = 1024;
/// Room for any line: what stands before the text, and a line's end.
inline constexpr size_t kMaxTraceLine = kMaxTraceText + 128;

/// Where the lines go: what keeps them for who reads (core/tracepoints).
class TraceLines {
 public:
  /// Keeps a line with this text, the time and the running task, or counts that
  /// it was lost. Context: any; preemption is off.
  virtual void Add(StringView text) = 0;

 protected:
  constexpr TraceLines() = default;
  ~TraceLines() = default;
};

/// From now on they go there; null: nowhere, as at first. A line that is under
/// way may still go where they went before. Context: task.
void SetTraceLines(TraceLines* lines);

class TraceLog : public NonCopyable {
 public:
  explicit TraceLog(Allocator& allocator) : allocator_(allocator) {}

  /// kNoMemory. Context: task, once.
  Status Init();

  /// bpf_trace_printk: formats (trace_format.h) and adds a line. The length of
  /// the text; kBusy where calls are nested too deep. Context: any; preemption
  /// is off.
  Result<size_t> Print(ConstBytes format, Span<const uint64_t> args);

  /// The same formatting into `to`, which ends with a zero then unless it is
  /// empty; the length of all of the text. Context: any; preemption is off.
  Result<size_t> Format(Span<char> to, ConstBytes format,
                        Span<const uint64_t> args);

  Allocator& allocator() { return allocator_; }

  /// The key of the hashes that stand for addresses. Context: any.
  const PointerKey& key() const { return key_; }

 private:
  /// Calls that may interrupt each other on one CPU, as in Linux.
  static constexpr uint32_t kMaxNesting = 3;

  struct Scratch {
    char text[kMaxTraceText];
    char strings[kTraceArgumentBytes];
  };

  struct Cpu {
    Atomic<uint32_t> nesting;
    Scratch scratch[kMaxNesting];
  };

  /// Scratch of a call's own, until it gives it back; null: nested too deep.
  static Scratch* BorrowScratch(Cpu& cpu);
  static void ReturnScratch(Cpu& cpu) { cpu.nesting.FetchSub(1, kRelaxed); }

  Allocator& allocator_;
  PerCpu<Cpu> cpus_;
  PointerKey key_{};
};

/// Makes the log of bpf_trace_printk. kNoMemory. Context: task, once.
Status InitTraceLog(Allocator& allocator);
/// Frees it; no program runs and nobody reads any more. Context: task.
void ExitTraceLog();
/// The log, or null outside of Init and Exit. Context: any.
TraceLog* GlobalTraceLog();

}  // namespace ebpf
