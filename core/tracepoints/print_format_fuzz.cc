// SPDX-License-Identifier: MIT
//
// libFuzzer over print formats: whatever an event's text and records say, they
// are printed or shown as fields, in bounds.
//
// The first line is the format, the rest a record.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/tracepoints/print_format.h"

namespace {

using ebpf::EventField;
using ebpf::FieldKind;

/// Fields of each kind, and some that lie outside of short records.
constexpr EventField kFields[] = {
    {"int", "a", 8, 4, true},
    {"u8", "c", 12, 1},
    {"long", "l", 16, 8, true},
    {"char[8]", "n", 24, 8, false, FieldKind::kText},
    {"__data_loc char[]", "t", 32, 4, false, FieldKind::kDynamicText},
    {"u32[4]", "w", 36, 16, false, FieldKind::kBytes},
    {"u8[16]", "u", 52, 16, false, FieldKind::kBytes},
    {"u64[0]", "z", 68, 0, false, FieldKind::kBytes},
    {"strange", "s", 72, 3, true},
    {"int", "far", 65535, 65535},
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const size_t end = input.find('\n');
  // Each in memory of its own, which ends where it does.
  const std::vector<char> format(input.begin(),
                                 end == std::string::npos
                                     ? input.end()
                                     : input.begin() + static_cast<long>(end));
  std::vector<uint8_t> record;
  if (end != std::string::npos) {
    record.assign(data + end + 1, data + size);
  }
  for (const ebpf::PrintStyle style :
       {ebpf::PrintStyle::kLinux, ebpf::PrintStyle::kTools}) {
    std::vector<char> text(300);
    ebpf::TextWriter writer(text.data(), text.size());
    ebpf::PrintRecord(writer, ebpf::StringView(format.data(), format.size()),
                      kFields, ebpf::ConstBytes(record.data(), record.size()),
                      style);
    // 1024 characters at most for three of the format, or a list or an array
    // for ten; the fields; nothing else.
    if (writer.wanted() > 2000 * (format.size() + record.size() + 2)) {
      abort();
    }
  }
  return 0;
}
