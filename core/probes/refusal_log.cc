// SPDX-License-Identifier: MIT
//
// core/probes/refusal_log.h's implementation.
#include "core/probes/refusal_log.h"

#include "core/base/text_writer.h"
#include "core/platform/log.h"
#include "core/platform/time.h"

namespace ebpf {
namespace {

constinit LogLimit limit;

void PutPrintable(TextWriter& line, StringView text) {
  for (const char c : text) {
    line.Put(c > ' ' && c <= '~' ? c : '?');
  }
}

}  // namespace

bool LogLimit::Allows(uint64_t now, uint64_t& left_out) {
  uint64_t begin = begin_.Load(kRelaxed);
  // Of several who see that the window is over, one begins the next.
  if ((begin == 0 || now - begin >= kWindowNs) &&
      begin_.CompareExchange(begin, Max<uint64_t>(now, 1), kRelaxed)) {
    lines_.Store(0, kRelaxed);
  }
  if (lines_.Load(kRelaxed) >= kLines ||
      lines_.FetchAdd(1, kRelaxed) >= kLines) {
    left_out_.FetchAdd(1, kRelaxed);
    return false;
  }
  left_out = left_out_.Exchange(0, kRelaxed);
  return true;
}

void LogLimit::Reset() {
  begin_.Store(0, kRelaxed);
  lines_.Store(0, kRelaxed);
  left_out_.Store(0, kRelaxed);
}

void LogRefusal(StringView function, uint64_t offset, StringView why) {
  uint64_t left_out;
  if (!limit.Allows(ebpf_port_time_ns(), left_out)) {
    return;
  }
  char buffer[192];
  TextWriter line(buffer, sizeof(buffer) - 1);
  line.Put("ebpf: no kprobe at ");
  constexpr size_t kMaxName = 80;
  PutPrintable(line, function.First(Min(function.size(), kMaxName)));
  line.Put("+0x").PutHex(offset).Put(": ").Put(why);
  if (left_out != 0) {
    line.Put(" (and ").PutUnsigned(left_out).Put(" like this)");
  }
  const size_t size = line.text().size();
  buffer[size] = '\n';
  ebpf_port_log(buffer, size + 1);
}

void LogNoProbes(StringView why) {
  char buffer[192];
  TextWriter line(buffer, sizeof(buffer) - 1);
  line.Put("ebpf: no kprobes: ").Put(why);
  const size_t size = line.text().size();
  buffer[size] = '\n';
  ebpf_port_log(buffer, size + 1);
}

void ResetRefusalLog() { limit.Reset(); }

}  // namespace ebpf
