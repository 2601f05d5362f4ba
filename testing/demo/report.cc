// SPDX-License-Identifier: MIT
//
// testing/demo/report.h's implementation.
#include "testing/demo/report.h"

namespace demo {

bool Report::Check(ebpf::StringView name, bool ok, ebpf::StringView reason) {
  passed_ = passed_ && ok;
  Line line(*this);
  line << (ok ? "[TEST] OK " : "[TEST] FAIL ") << name;
  if (!ok) {
    line << " " << reason;
  }
  return ok;
}

bool Report::CheckEqual(ebpf::StringView name, uint64_t actual,
                        uint64_t expected) {
  char buffer[64];
  ebpf::TextWriter reason(buffer, sizeof(buffer));
  reason.Put("is ").PutUnsigned(actual).Put(", not ").PutUnsigned(expected);
  return Check(name, actual == expected, reason.text());
}

void Report::PrintLines(ebpf::StringView prefix, ebpf::StringView text) {
  while (!text.empty()) {
    const size_t end = text.Find('\n');
    Line(*this) << prefix << text.First(end);
    text = text.Substring(end < text.size() ? end + 1 : end);
  }
}

Line& Line::Padded(uint64_t value, unsigned width) {
  unsigned digits = 1;
  for (uint64_t rest = value / 10; rest != 0; rest /= 10) {
    ++digits;
  }
  for (; digits < width; ++digits) {
    text_.Put(' ');
  }
  text_.PutUnsigned(value);
  return *this;
}

Line& Line::Padded(ebpf::StringView text, unsigned width) {
  text_.Put(text);
  for (size_t i = text.size(); i < width; ++i) {
    text_.Put(' ');
  }
  return *this;
}

}  // namespace demo
