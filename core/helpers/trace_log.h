// SPDX-License-Identifier: MIT
//
// The log that bpf_trace_printk writes, and what reads it: trace_pipe.
//
// Each CPU has a ring of its own, which whatever runs there writes without a
// lock, nested as it comes: a writer claims bytes by a compare-and-exchange on
// the head and publishes them by its record's size. Bytes that nobody claimed
// are zero, and a size of zero is a record that is not there yet; the reader
// zeroes what it took before it gives it back. A full ring refuses the newest,
// and the reader says how many those were.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/span.h"
#include "core/base/status.h"
#include "core/base/string_view.h"
#include "core/base/thread_annotations.h"
#include "core/helpers/current_task.h"
#include "core/helpers/pointer_id.h"
#include "core/helpers/trace_format.h"
#include "core/maps/notifier.h"
#include "core/memory/allocator.h"
#include "core/memory/per_cpu.h"
#include "core/sync/mutex.h"

namespace ebpf {

/// The longest text of one call, its zero in Linux included.
inline constexpr size_t kMaxTraceText = 1024;
/// Room for any line: what stands before the text, and a line's end.
inline constexpr size_t kMaxTraceLine = kMaxTraceText + 128;

class TraceLog : public NonCopyable {
 public:
  /// Bytes of each CPU's ring: some 150 lines of 40 characters.
  static constexpr uint32_t kDefaultRingBytes = 16 << 10;

  explicit TraceLog(Allocator& allocator)
      : allocator_(allocator), notifier_(nullptr) {}
  ~TraceLog();

  /// `ring_bytes`: a power of two, at least 4096. kNoMemory. Context: task,
  /// once.
  Status Init(uint32_t ring_bytes = kDefaultRingBytes);

  /// bpf_trace_printk: formats (trace_format.h) and appends. The length of the
  /// text; kBusy where calls are nested too deep. Context: any; preemption is
  /// off.
  Result<size_t> Print(ConstBytes format, Span<const uint64_t> args);

  /// The same formatting into `to`, which ends with a zero then unless it is
  /// empty; the length of all of the text. Context: any; preemption is off.
  Result<size_t> Format(Span<char> to, ConstBytes format,
                        Span<const uint64_t> args);

  /// Appends a line with this text, the time and the running task. Context:
  /// any; preemption is off.
  void Append(StringView text);

  /// Takes the oldest line, in trace_pipe's form with its '\n', or one that
  /// tells how many were lost; its length. kTryAgain: there is none. kNoSpace:
  /// `to` has not kMaxTraceLine. Context: task.
  Result<size_t> ReadLine(Span<char> to);

  /// Whether ReadLine would find a line. Context: task.
  bool Readable();

  Allocator& allocator() { return allocator_; }

  /// The key of the hashes that stand for addresses. Context: any.
  const PointerKey& key() const { return key_; }

  /// Who is told when there are lines.
  Notifier& notifier() { return notifier_; }

 private:
  /// Calls that may interrupt each other on one CPU, as in Linux.
  static constexpr uint32_t kMaxNesting = 3;

  struct RecordHeader {
    Atomic<uint32_t> size;  // of the record, a multiple of 8; 0: not there
    uint32_t text_size;
    uint64_t time_ns;
    uint32_t pid;
    uint32_t unused;
    char comm[kCommSize];
  };
  static_assert(sizeof(RecordHeader) % 8 == 0);

  struct Scratch {
    char text[kMaxTraceText];
    char strings[kTraceArgumentBytes];
  };

  struct Cpu {
    Atomic<uint64_t> head;
    Atomic<uint64_t> tail;
    Atomic<uint64_t> lost;
    Atomic<uint32_t> nesting;
    uint8_t* ring;
    Scratch scratch[kMaxNesting];
  };

  /// Scratch of a call's own, until it gives it back; null: nested too deep.
  static Scratch* BorrowScratch(Cpu& cpu);
  static void ReturnScratch(Cpu& cpu) { cpu.nesting.FetchSub(1, kRelaxed); }

  uint8_t* At(const Cpu& cpu, uint64_t position) const {
    return cpu.ring + (position & (ring_bytes_ - 1));
  }
  Atomic<uint32_t>& SizeAt(const Cpu& cpu, uint64_t position) const {
    return *reinterpret_cast<Atomic<uint32_t>*>(At(cpu, position));
  }
  bool Claim(Cpu& cpu, uint64_t bytes, uint64_t& position);
  void CopyIn(const Cpu& cpu, uint64_t position, const void* from, size_t size);
  void CopyOut(const Cpu& cpu, uint64_t position, void* to, size_t size) const;
  void Clear(const Cpu& cpu, uint64_t position, size_t size);
  bool Oldest(uint32_t& cpu) const EBPF_REQUIRES(reader_mutex_);
  size_t WriteLine(uint32_t number, Span<char> to) EBPF_REQUIRES(reader_mutex_);

  Allocator& allocator_;
  Notifier notifier_;
  PerCpu<Cpu> cpus_;
  uint32_t ring_bytes_ = 0;
  PointerKey key_{};
  Mutex reader_mutex_;
};

/// Makes the log of bpf_trace_printk. kNoMemory. Context: task, once.
Status InitTraceLog(Allocator& allocator);
/// Frees it; no program runs and nobody reads any more. Context: task.
void ExitTraceLog();
/// The log, or null outside of Init and Exit. Context: any.
TraceLog* GlobalTraceLog();

}  // namespace ebpf
