// SPDX-License-Identifier: MIT
//
// The host kernel's eBPF, as far as programs are run with it for comparison.
#pragma once

#include <cstdint>
#include <string>

#include "testing/differential/program_generator.h"

namespace ebpf::differential {

/// What a program computed.
struct Outcome {
  uint32_t result;  // r0's low half: all that Linux tells
  MapValue value;
};

/// A connection to the kernel: one map of one element, mapped into memory.
class HostBpf {
 public:
  HostBpf() = default;
  ~HostBpf();
  HostBpf(const HostBpf&) = delete;
  HostBpf& operator=(const HostBpf&) = delete;

  /// False: this process cannot use bpf(2) here, `reason()` tells why.
  bool Open();
  /// What the kernel knows. After Open.
  InsnSet set() const { return set_; }
  const std::string& reason() const { return reason_; }

  /// Loads and runs `program` as a socket filter. False: the kernel refused
  /// it; `reason()` is its errno and, if `wants_log`, the verifier's log.
  bool Run(const GeneratedProgram& program, Outcome& outcome,
           bool wants_log = false);

 private:
  int Load(const GeneratedProgram& program, bool wants_log);

  bool RunsOne(const isa::Insn& insn);
  bool RunsStoreRelease();

  int map_fd_ = -1;
  InsnSet set_ = {};
  MapValue* value_ = nullptr;
  std::string reason_;
};

}  // namespace ebpf::differential
