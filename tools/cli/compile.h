// SPDX-License-Identifier: MIT
//
// Programs compiled for any of the CPUs, to be looked at and measured instead
// of run.
#pragma once

#include <cstdint>
#include <vector>

#include "core/machine/machine_ops.h"
#include "core/program/program.h"

namespace ebpf::cli {

struct CompiledProgram {
  std::vector<uint8_t> code;
  /// For each instruction, where its code begins; and where the last ends.
  std::vector<uint32_t> offsets;
  uint64_t address;
};

/// Machine code for `machine` with `cpu_features`, as if it were to run at
/// `address`. With `use_facts` false the compiler gets the instructions only.
/// Failure: there is no compiler, or it does not take the program.
CompiledProgram CompileFor(const machine::MachineOps& machine,
                           uint64_t cpu_features, const Program& program,
                           uint64_t address, bool use_facts = true);

}  // namespace ebpf::cli
