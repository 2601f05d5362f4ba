// SPDX-License-Identifier: MIT
//
// `ebpf probes`: where in a kernel image a kprobe can stand, how its
// instruction is then made to happen, and where not, why.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ebpf::cli {

struct ProbesOptions {
  std::string file;
  /// Only functions whose name matches, "*" and "?" as in a shell, and each of
  /// their instructions.
  std::optional<std::string> function;
  /// What the port's trap can do: "sp+gap", "sp", "none".
  std::string stub = "sp+gap";
  /// The port cannot tell where interrupted code goes on.
  bool steps = false;
  bool json = false;
};

/// What is to be printed. Failure: anything else.
std::string Probes(const ProbesOptions& options);

}  // namespace ebpf::cli
