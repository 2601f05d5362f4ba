// SPDX-License-Identifier: MIT
//
// The rules of BPF_BTF_LOAD as blobs, each the least that keeps or breaks one:
// for validate_test.cc, and for testing/oracle, where the host's kernel judges
// them as well.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/status.h"

namespace ebpf::btf {

struct ValidateCase {
  std::string name;
  std::vector<uint8_t> blob;
  Status status;
  /// Part of the log's last line; empty where the blob is accepted.
  std::string message;
};

std::vector<ValidateCase> ValidateCases();

}  // namespace ebpf::btf
