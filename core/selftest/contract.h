// SPDX-License-Identifier: MIT
//
// The tests of core/platform's contract, which every port passes.
#pragma once

#include <stdint.h>

#include "core/selftest/environment.h"

namespace ebpf::selftest {

/// The contract's tiers, T0 to T3.
inline constexpr uint32_t kTiers = 4;

/// How many cases of a tier passed, failed, or could not run since the kernel
/// or the environment has not what they need.
struct TierScore {
  uint32_t passed = 0;
  uint32_t failed = 0;
  uint32_t skipped = 0;
};

struct Score {
  TierScore tiers[kTiers];

  /// Bit n: a case of tier n failed.
  uint32_t FailedTiers() const;
};

inline constexpr uint32_t kAllTiers = (1u << kTiers) - 1;

/// Runs the cases of those tiers whose bits are set; what a port does not have
/// is skipped. Writes the score to the kernel's log: "ebpf: selftest: contract
/// 1, T0 24 of 24, T1 40 of 41 (3 skipped)". Context: task.
Score RunContract(Environment& environment, uint32_t tiers = kAllTiers);

}  // namespace ebpf::selftest
