// SPDX-License-Identifier: MIT
//
// Runs what nobody has verified: in a forked child with limits.
#pragma once

#include <cstdint>
#include <functional>

namespace ebpf::cli {

struct RunLimits {
  /// Of the wall clock, and of the CPU's.
  uint32_t seconds = 10;
  /// Of address space, beyond what the process has (sanitizers reserve far more
  /// than they use).
  uint64_t more_address_space = uint64_t{2} << 30;
};

/// What `body` returned in a child of this process. Failure: what it threw, or
/// a sentence that tells how the child ended otherwise. Nothing that the child
/// does is left but what it writes to descriptors.
uint64_t RunGuarded(const RunLimits& limits,
                    const std::function<uint64_t()>& body);

}  // namespace ebpf::cli
