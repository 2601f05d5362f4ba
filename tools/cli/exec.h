// SPDX-License-Identifier: MIT
//
// `ebpf exec`: runs one program that nobody verified, and prints r0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ebpf::cli {

struct ExecOptions {
  std::string engine = "interpreter";
  /// What r1 points to, in hexadecimal.
  std::string memory;
  /// At most one of these; neither: the instructions, in hexadecimal, are on
  /// standard input. An empty `elf` means an object, in hexadecimal, there.
  std::optional<std::string> program;
  std::optional<std::string> elf;
  /// Which of an object's programs: its name, or its number.
  std::optional<std::string> name;
  uint32_t seconds = 10;
};

/// r0. Failure: anything else.
uint64_t Exec(const ExecOptions& options);

}  // namespace ebpf::cli
