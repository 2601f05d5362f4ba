// SPDX-License-Identifier: MIT
//
// Real objects for the loader's tests, as clang makes them.
#pragma once

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "core/base/span.h"

namespace ebpf::loader {

/// A file of the test's data.
inline std::vector<uint8_t> ReadObject(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::vector<uint8_t>(std::istreambuf_iterator<char>(in), {});
}

inline ConstBytes ToBytes(const std::vector<uint8_t>& file) {
  return ConstBytes(file.data(), file.size());
}

}  // namespace ebpf::loader
