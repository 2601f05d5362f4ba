// SPDX-License-Identifier: MIT
//
// What core logged, for tests to look at.
#pragma once

#include <string>

namespace ebpf {

/// Everything logged since the last clear (up to 1 MiB). With EBPF_HOST_LOG=1
/// in the environment it also goes to stderr at once.
std::string HostLog();
void ClearHostLog();

}  // namespace ebpf
