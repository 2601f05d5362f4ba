// SPDX-License-Identifier: MIT
//
// core/helpers/trace_log.h's implementation.
#include "core/helpers/trace_log.h"

#include "core/base/assert.h"
#include "core/base/bits.h"
#include "core/base/memory.h"
#include "core/base/text_writer.h"
#include "core/platform/cpu.h"
#include "core/platform/task.h"
#include "core/platform/time.h"

namespace ebpf {
namespace {

TraceLog* g_trace_log = nullptr;

/// `text` in at least `width` columns, at their right end.
void PutRight(TextWriter& line, StringView text, size_t width) {
  for (size_t i = text.size(); i < width; ++i) {
    line.Put(' ');
  }
  line.Put(text);
}

void PutNumberRight(TextWriter& line, uint64_t value, size_t width, char pad) {
  char digits[20];
  TextWriter number(digits, sizeof(digits));
  number.PutUnsigned(value);
  for (size_t i = number.wanted(); i < width; ++i) {
    line.Put(pad);
  }
  line.Put(number.text());
}

}  // namespace

TraceLog::~TraceLog() {
  if (!cpus_.allocated()) {
    return;
  }
  for (uint32_t cpu = 0; cpu < ebpf_port_cpu_count(); ++cpu) {
    if (cpus_.Of(cpu).ring != nullptr) {
      allocator_.Free(cpus_.Of(cpu).ring, ring_bytes_, kCacheLine);
    }
  }
}

Status TraceLog::Init(uint32_t ring_bytes) {
  EBPF_ASSERT(IsPowerOfTwo(ring_bytes) && ring_bytes >= 4096);
  ring_bytes_ = ring_bytes;
  key_ = {ebpf_port_random(), ebpf_port_random()};
  EBPF_TRY(cpus_.Allocate(allocator_));
  for (uint32_t cpu = 0; cpu < ebpf_port_cpu_count(); ++cpu) {
    cpus_.Of(cpu).ring =
        static_cast<uint8_t*>(allocator_.Allocate(ring_bytes, kCacheLine));
    if (cpus_.Of(cpu).ring == nullptr) {
      return Status::kNoMemory;
    }
  }
  return Status::kOk;
}

TraceLog::Scratch* TraceLog::BorrowScratch(Cpu& cpu) {
  // Only this CPU counts here, and what interrupts it counts back.
  const uint32_t level = cpu.nesting.FetchAdd(1, kRelaxed);
  if (level >= kMaxNesting) {
    ReturnScratch(cpu);
    return nullptr;
  }
  return &cpu.scratch[level];
}

Result<size_t> TraceLog::Print(ConstBytes format, Span<const uint64_t> args) {
  Cpu& cpu = cpus_.Mine();
  Scratch* scratch = BorrowScratch(cpu);
  if (scratch == nullptr) {
    return Status::kBusy;
  }
  const Span<char> text(scratch->text, sizeof(scratch->text) - 1);
  Result<size_t> length =
      FormatTrace(text, scratch->strings, key_, format, args);
  if (length.ok()) {
    Append(StringView(text.data(), Min(*length, text.size())));
  }
  ReturnScratch(cpu);
  return length;
}

Result<size_t> TraceLog::Format(Span<char> to, ConstBytes format,
                                Span<const uint64_t> args) {
  Cpu& cpu = cpus_.Mine();
  Scratch* scratch = BorrowScratch(cpu);
  if (scratch == nullptr) {
    return Status::kBusy;
  }
  const Span<char> room = to.First(to.empty() ? 0 : to.size() - 1);
  Result<size_t> length =
      FormatTrace(room, scratch->strings, key_, format, args);
  if (length.ok() && !to.empty()) {
    to[Min(*length, room.size())] = '\0';
  }
  ReturnScratch(cpu);
  return length;
}

void TraceLog::Append(StringView text) {
  Cpu& cpu = cpus_.Mine();
  const size_t text_size = Min(text.size(), kMaxTraceText);
  const size_t bytes = AlignUp<size_t>(sizeof(RecordHeader) + text_size, 8);
  uint64_t position;
  if (!Claim(cpu, bytes, position)) {
    cpu.lost.FetchAdd(1, kRelaxed);
    return;
  }
  RecordHeader header;
  header.text_size = static_cast<uint32_t>(text_size);
  header.time_ns = ebpf_port_time_ns();
  uint32_t tgid;
  ebpf_port_task_ids(&header.pid, &tgid);
  header.unused = 0;
  CurrentComm(header.comm);
  constexpr size_t kFirst = offsetof(RecordHeader, text_size);
  CopyIn(cpu, position + kFirst, &header.text_size, sizeof(header) - kFirst);
  CopyIn(cpu, position + sizeof(header), text.data(), text_size);
  // Releases the record: pairs with the acquire in Oldest. Sequentially
  // consistent for Notify.
  SizeAt(cpu, position).Store(static_cast<uint32_t>(bytes), kSeqCst);
  notifier_.Notify();
}

bool TraceLog::Claim(Cpu& cpu, uint64_t bytes, uint64_t& position) {
  position = cpu.head.Load(kRelaxed);
  do {
    // Acquires: pairs with the release in ReadLine, so that the bytes are zero.
    if (position + bytes - cpu.tail.Load(kAcquire) > ring_bytes_) {
      return false;
    }
  } while (!cpu.head.CompareExchange(position, position + bytes, kRelaxed));
  return true;
}

void TraceLog::CopyIn(const Cpu& cpu, uint64_t position, const void* from,
                      size_t size) {
  const size_t at = position & (ring_bytes_ - 1);
  const size_t first = Min<size_t>(size, ring_bytes_ - at);
  CopyBytes(cpu.ring + at, from, first);
  CopyBytes(cpu.ring, static_cast<const uint8_t*>(from) + first, size - first);
}

void TraceLog::CopyOut(const Cpu& cpu, uint64_t position, void* to,
                       size_t size) const {
  const size_t at = position & (ring_bytes_ - 1);
  const size_t first = Min<size_t>(size, ring_bytes_ - at);
  CopyBytes(to, cpu.ring + at, first);
  CopyBytes(static_cast<uint8_t*>(to) + first, cpu.ring, size - first);
}

void TraceLog::Clear(const Cpu& cpu, uint64_t position, size_t size) {
  const size_t at = position & (ring_bytes_ - 1);
  const size_t first = Min<size_t>(size, ring_bytes_ - at);
  FillBytes(cpu.ring + at, 0, first);
  FillBytes(cpu.ring, 0, size - first);
}

bool TraceLog::Oldest(uint32_t& oldest) const {
  bool found = false;
  uint64_t oldest_time = 0;
  for (uint32_t number = 0; number < ebpf_port_cpu_count(); ++number) {
    const Cpu& cpu = cpus_.Of(number);
    const uint64_t tail = cpu.tail.Load(kRelaxed);
    // Acquires: pairs with the release in Append.
    if (SizeAt(cpu, tail).Load(kAcquire) == 0) {
      continue;
    }
    uint64_t time;
    CopyOut(cpu, tail + offsetof(RecordHeader, time_ns), &time, sizeof(time));
    if (!found || time < oldest_time) {
      found = true;
      oldest_time = time;
      oldest = number;
    }
  }
  return found;
}

bool TraceLog::Readable() {
  const MutexGuard guard(reader_mutex_);
  uint32_t cpu;
  return Oldest(cpu);
}

Result<size_t> TraceLog::ReadLine(Span<char> to) {
  if (to.size() < kMaxTraceLine) {
    return Status::kNoSpace;
  }
  const MutexGuard guard(reader_mutex_);
  uint32_t number;
  if (!Oldest(number)) {
    return Status::kTryAgain;
  }
  Cpu& cpu = cpus_.Of(number);
  const uint64_t lost = cpu.lost.Exchange(0, kRelaxed);
  if (lost != 0) {
    TextWriter line(to.data(), to.size());
    line.Put("CPU:").PutUnsigned(number);
    line.Put(" [LOST ").PutUnsigned(lost).Put(" EVENTS]\n");
    return line.wanted();
  }
  const size_t length = WriteLine(number, to);
  const uint64_t tail = cpu.tail.Load(kRelaxed);
  const uint32_t bytes = SizeAt(cpu, tail).Load(kRelaxed);
  Clear(cpu, tail, bytes);
  // Releases the zeros: pairs with the acquire in Claim.
  cpu.tail.Store(tail + bytes, kRelease);
  return length;
}

/// The line of the record at the tail of a CPU's ring, as Linux writes it:
/// "%16s-%-7d [%03d] ..... %5lu.%06lu: bpf_trace_printk: %s\n". The five dots
/// stand for what we do not know: interrupts, preemption and so on.
size_t TraceLog::WriteLine(uint32_t number, Span<char> to) {
  const Cpu& cpu = cpus_.Of(number);
  const uint64_t tail = cpu.tail.Load(kRelaxed);
  RecordHeader header;
  constexpr size_t kFirst = offsetof(RecordHeader, text_size);
  CopyOut(cpu, tail + kFirst, &header.text_size, sizeof(header) - kFirst);
  TextWriter line(to.data(), to.size());
  PutRight(line, StringView::FromField(header.comm, kCommSize), 16);
  line.Put('-');
  const size_t before_pid = line.wanted();
  line.PutUnsigned(header.pid);
  while (line.wanted() < before_pid + 7) {
    line.Put(' ');
  }
  line.Put(" [");
  PutNumberRight(line, number, 3, '0');
  line.Put("] ..... ");
  constexpr uint64_t kNsPerUs = 1000;
  constexpr uint64_t kUsPerSecond = 1'000'000;
  const uint64_t us = header.time_ns / kNsPerUs;
  PutNumberRight(line, us / kUsPerSecond, 5, ' ');
  line.Put('.');
  PutNumberRight(line, us % kUsPerSecond, 6, '0');
  line.Put(": bpf_trace_printk: ");
  const size_t length = line.wanted();
  CopyOut(cpu, tail + sizeof(header), to.data() + length, header.text_size);
  to[length + header.text_size] = '\n';
  return length + header.text_size + 1;
}

Status InitTraceLog(Allocator& allocator) {
  TraceLog* log = EBPF_TRY(allocator.New<TraceLog>(allocator));
  const Status status = log->Init();
  if (!IsOk(status)) {
    allocator.Delete(log);
    return status;
  }
  g_trace_log = log;
  return Status::kOk;
}

void ExitTraceLog() {
  TraceLog* log = Exchange(g_trace_log, nullptr);
  if (log != nullptr) {
    log->allocator().Delete(log);
  }
}

TraceLog* GlobalTraceLog() { return g_trace_log; }

}  // namespace ebpf
