// SPDX-License-Identifier: MIT
//
// How a command of the CLI ends when it cannot do what it was asked.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "core/base/status.h"

namespace ebpf::cli {

/// A sentence for the user; main prints it to standard error and exits with 1.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// "no memory", "not supported", ...: what core's `status` means.
std::string StatusText(Status status);

/// Throws Failure("<what>: <StatusText>") unless `status` is kOk.
void Require(Status status, std::string_view what);

}  // namespace ebpf::cli
