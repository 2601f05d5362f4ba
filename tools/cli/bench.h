// SPDX-License-Identifier: MIT
//
// `ebpf bench`: how long a run of each of an object's programs takes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ebpf::cli {

struct BenchOptions {
  std::string file;
  /// Name or number; all programs without.
  std::optional<std::string> program;
  /// How often each program is measured on each engine; the fastest counts.
  uint32_t passes = 50;
  bool json = false;
};

/// What is to be printed. Failure: anything else.
std::string Bench(const BenchOptions& options);

}  // namespace ebpf::cli
