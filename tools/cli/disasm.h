// SPDX-License-Identifier: MIT
//
// `ebpf disasm`: an object's programs beside their source and machine code.
#pragma once

#include <optional>
#include <string>

namespace ebpf::cli {

struct DisasmOptions {
  std::string file;
  /// Name or number; all programs without.
  std::optional<std::string> program;
  /// The CPU; this machine's without.
  std::optional<std::string> machine;
  bool json = false;
  /// Not loaded as a kernel would: nothing is known of the program.
  bool unverified = false;
};

/// What is to be printed. Failure: anything else.
std::string Disasm(const DisasmOptions& options);

}  // namespace ebpf::cli
