// SPDX-License-Identifier: MIT
//
// `ebpf verify`: what the verifier says of each program of an object.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ebpf::cli {

struct VerifyOptions {
  std::string file;
  /// Names or numbers; all programs without.
  std::vector<std::string> programs;
  /// As bpf(2) takes it; 0: only what is refused is explained.
  uint32_t log_level = 0;
  /// BPF_F_* of BPF_PROG_LOAD.
  uint32_t flags = 0;
  /// As Linux judges who has no capability, where it lets them load at all.
  bool unprivileged = false;
  /// "linux", or a port.
  std::string profile = "linux";
  /// The kernel's types; without, the host's where the profile is Linux's.
  std::optional<std::string> btf;
  /// What CO-RE relocates for, where it is not these types.
  std::optional<std::string> core_btf;
  bool json = false;
  /// Also asks the host's kernel.
  bool compare_linux = false;
};

/// The profiles that there are.
inline constexpr std::string_view kProfiles[] = {"linux", "host", "hermit",
                                                 "dragonos", "alien"};

/// Hands what is to be printed to `print`, piece by piece. The exit status: 0
/// where all were accepted, 1 where one was refused, 2 where one could not be
/// read, linked or attached. Failure: the file as a whole cannot be read.
int Verify(const VerifyOptions& options,
           const std::function<void(std::string_view)>& print);

}  // namespace ebpf::cli
