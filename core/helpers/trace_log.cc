// SPDX-License-Identifier: MIT
//
// core/helpers/trace_log.h's implementation.
#include "core/helpers/trace_log.h"

#include "core/base/memory.h"
#include "core/platform/cpu.h"
#include "core/platform/time.h"

namespace ebpf {
namespace {

TraceLog* g_trace_log = nullptr;
constinit Atomic<TraceLines*> trace_lines{nullptr};

}  // namespace

// Pairs with the acquire in Print.
void SetTraceLines(TraceLines* lines) { trace_lines.Store(lines, kRelease); }

Status TraceLog::Init() {
  key_ = {ebpf_port_random(), ebpf_port_random()};
  return cpus_.Allocate(allocator_);
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
  TraceLines* lines = trace_lines.Load(kAcquire);
  if (length.ok() && lines != nullptr) {
    lines->Add(StringView(text.data(), Min(*length, text.size())));
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
