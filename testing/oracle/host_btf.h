// SPDX-License-Identifier: MIT
//
// The host kernel's BPF_BTF_LOAD, as the judge of BTFs that ours judges too.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ebpf::oracle {

struct HostBtfVerdict {
  int error;  // errno, or 0: accepted
  std::string log;
};

/// Loads `blob` with log level 1 and lets go of it.
HostBtfVerdict JudgeBtf(const std::vector<uint8_t>& blob);

/// Why this process cannot use BPF_BTF_LOAD here; empty if it can.
std::string WhyNoBtf();

}  // namespace ebpf::oracle
