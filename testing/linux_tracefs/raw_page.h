// SPDX-License-Identifier: MIT
//
// What the host's trace_pipe_raw gives.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace ebpf {

/// The records of a page of the host's ring, as its `header_page` and
/// `header_event` files describe them.
inline std::vector<std::string> RecordsIn(const std::string& page) {
  constexpr uint32_t kPadding = 29;
  constexpr uint32_t kTimeExtend = 30;
  constexpr uint32_t kTimeStamp = 31;
  const auto word = [&](size_t at) {
    uint32_t value = 0;
    memcpy(&value, page.data() + at, sizeof(value));
    return value;
  };
  std::vector<std::string> records;
  size_t at = 16;
  const size_t end = at + (word(8) & 0xfffff);
  while (at + 4 <= end && end <= page.size()) {
    const uint32_t kind = word(at) & 31;
    at += 4;
    if (kind == kTimeExtend || kind == kTimeStamp) {
      at += 4;
    } else if (kind == kPadding) {
      if (word(at - 4) >> 5 == 0) {
        break;
      }
      at += word(at);
    } else {
      const size_t size = kind == 0 ? word(at) : 4 * kind;
      const size_t begin = kind == 0 ? at + 4 : at;
      records.push_back(page.substr(begin, kind == 0 ? size - 4 : size));
      at += size;
    }
  }
  return records;
}

}  // namespace ebpf
