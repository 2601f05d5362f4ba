// SPDX-License-Identifier: MIT
//
// Random calls of bpf(2), the same to both kernels.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "testing/linux_calls/kernel.h"

namespace ebpf::linux_calls {

/// What calls of one command came to.
struct CommandTally {
  uint64_t calls = 0;
  uint64_t host_succeeded = 0;
};

struct Tally {
  std::map<std::string, CommandTally> commands;
  /// Differences with an excuse, by its name.
  std::map<std::string, uint64_t> excused;
  /// The others, as text; the first hundred.
  std::vector<std::string> differences;
  uint64_t calls = 0;
};

/// Makes `calls` random calls that depend on `seed` alone, and adds what came
/// of them to `tally`. Everything that was made is closed at the end.
void MakeRandomCalls(Kernel& ours, Kernel& host, uint64_t seed, int calls,
                     Tally& tally);

}  // namespace ebpf::linux_calls
