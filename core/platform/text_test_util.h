// SPDX-License-Identifier: MIT
//
// What tests of services that write text have in common, whatever CPU's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "core/platform/text.h"
#include "gtest/gtest.h"

namespace ebpf {

inline std::vector<uint8_t> BytesAt(uintptr_t at, size_t size) {
  const auto* const begin = reinterpret_cast<const uint8_t*>(at);
  return std::vector<uint8_t>(begin, begin + size);
}

/// Bytes that are not those of the page before.
inline std::vector<uint8_t> Numbers(size_t size) {
  std::vector<uint8_t> bytes(size);
  for (size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<uint8_t>(i * 7 + i / 251 + 1);
  }
  return bytes;
}

/// What `function` returns while the machine stands.
inline int Stopped(std::function<int()> function) {
  int result = 12345;
  const int status = ebpf_port_stop_machine(
      [](void* argument) {
        return (*static_cast<std::function<int()>*>(argument))();
      },
      &function, &result);
  EXPECT_EQ(status, 0);
  return result;
}

inline int WriteStopped(uintptr_t to, const std::vector<uint8_t>& bytes) {
  return Stopped(
      [&] { return ebpf_port_text_write(to, bytes.data(), bytes.size()); });
}

}  // namespace ebpf
