// SPDX-License-Identifier: MIT
//
// Which differences between our answers and the host's are accepted, and why.
#pragma once

#include <cstdint>
#include <string>

namespace ebpf::linux_calls {

/// One call that was answered differently, or whose bytes were different (then
/// `about` says so).
struct Difference {
  std::string command;  // "MAP_CREATE"
  std::string about;    // its arguments
  int64_t ours;
  int64_t host;
};

std::string TextOf(const Difference& difference);

/// The name of the class that excuses it, or null. differences.cc has the
/// reasons.
const char* ExcuseFor(const Difference& difference);

/// For printing: the reason of a class.
const char* ReasonOf(const std::string& excuse);

}  // namespace ebpf::linux_calls
