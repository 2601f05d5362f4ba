// SPDX-License-Identifier: MIT
//
// Core's statuses in the C library's words for the same numbers.
#include "tools/cli/failure.h"

#include <cstring>
#include <fmt/format.h>

namespace ebpf::cli {

std::string StatusText(Status status) {
  // Linux keeps this one for itself: the C library has no words for it.
  return status == Status::kNotSupportedLinux
             ? "not supported"
             : std::strerror(static_cast<int>(status));
}

void Require(Status status, std::string_view what) {
  if (!IsOk(status)) {
    throw Failure(fmt::format("{}: {}", what, StatusText(status)));
  }
}

}  // namespace ebpf::cli
