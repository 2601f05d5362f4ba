// SPDX-License-Identifier: MIT
//
// Objects in the host's kernel, loaded by the host's libbpf: what programs
// leave behind there is what they should leave behind here.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace ebpf::oracle {

/// The programs of an object by name, each run once by BPF_PROG_TEST_RUN, in
/// the object's order.
struct HostRun {
  /// Why there is nothing: no libbpf, or what it said. Empty: all is well.
  std::string error;
  std::vector<std::string> programs;
  std::vector<uint32_t> results;
  /// The value of the map ".bss" afterwards.
  std::vector<uint8_t> data;
};

/// Loads the bytes of an object, runs its programs, and calls `after` with the
/// name of each that has run.
HostRun RunOnHost(const std::vector<uint8_t>& object,
                  const std::function<void(const std::string&)>& after);

/// Whether libbpf and bpf(2) are there.
bool HasHostObjects();

}  // namespace ebpf::oracle
