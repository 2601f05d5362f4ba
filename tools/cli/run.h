// SPDX-License-Identifier: MIT
//
// `ebpf run`: loads the programs of an object by bpf(2) into a subsystem in
// this process, and runs each once by BPF_PROG_TEST_RUN.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ebpf::cli {

struct RunOptions {
  std::string file;
  /// Names or numbers; all programs without.
  std::vector<std::string> programs;
  std::string engine = "jit";  // or "interpreter"
  /// What programs with packets get: hexadecimal; without, 64 zeros. Others
  /// get nothing.
  std::optional<std::string> data;
  /// "NAME=HEX": the first value of an array.
  std::vector<std::string> values;
  /// How often each runs.
  uint32_t repeat = 1;
  /// BPF_F_* of BPF_PROG_LOAD.
  uint32_t flags = 0;
  /// The kernel's types; without, none.
  std::optional<std::string> btf;
  /// What CO-RE relocates for, where it is not these types.
  std::optional<std::string> core_btf;
  bool json = false;
  /// Also runs them in the host's kernel.
  bool compare_linux = false;
};

/// Hands what is to be printed to `print`, piece by piece. The exit status: 0
/// where all ran, 1 where one was refused or could not be run, 2 where one
/// could not be linked. Failure: the file as a whole cannot be read.
int Run(const RunOptions& options,
        const std::function<void(std::string_view)>& print);

}  // namespace ebpf::cli
