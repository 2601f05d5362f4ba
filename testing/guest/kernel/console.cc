// SPDX-License-Identifier: MIT
//
// The console behind a queue without a lock.
#include "testing/guest/kernel/console.h"

#include "core/base/line_queue.h"
#include "testing/guest/kernel/machine.h"

namespace guest {
namespace {

constinit ebpf::LineQueue<128, kMaxLine> queue;
constinit ebpf::Atomic<ConsoleSink> sink{nullptr};

void Send(ebpf::StringView line) {
  const ConsoleSink to = sink.Load(ebpf::kAcquire);
  if (to != nullptr) {
    to(line);
    return;
  }
  for (char c : line) {
    machine::PutChar(c);
  }
  machine::PutChar('\n');
}

void SendLine(ebpf::StringView line) {
  Send(line);
  const uint32_t lost = queue.TakeLost();
  if (lost != 0) {
    char buffer[64];
    ebpf::TextWriter writer(buffer, sizeof buffer);
    writer.Put("[console] lines lost: ").PutUnsigned(lost);
    Send(writer.text());
  }
}

struct PartialLine {
  size_t size = 0;
  char text[kMaxLine] = {};
};
constinit PartialLine partial[kMaxCpus] = {};

}  // namespace

void PrintLine(ebpf::StringView line) {
  queue.Put(line);
  queue.Drain(SendLine);
}

void PrintText(ebpf::StringView text) {
  PartialLine& line = partial[machine::CpuId()];
  for (char c : text) {
    if (c != '\n') {
      line.text[line.size++] = c;
    }
    if (c == '\n' || line.size == kMaxLine) {
      PrintLine(ebpf::StringView(line.text, line.size));
      line.size = 0;
    }
  }
}

void FlushConsole() {
  for (int i = 0; i < 10'000'000 && !queue.empty(); ++i) {
    queue.Drain(SendLine);
    machine::Relax();
  }
  // The printer was interrupted for good, or is this CPU: take over.
  queue.DrainByForce(SendLine);
}

void SetConsoleSink(ConsoleSink to) { sink.Store(to, ebpf::kRelease); }

}  // namespace guest
