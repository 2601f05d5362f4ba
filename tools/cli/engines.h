// SPDX-License-Identifier: MIT
//
// The engines that this machine has, by name, and programs made for them
// without a verifier.
#pragma once

#include <string_view>
#include <vector>

#include "core/isa/insn.h"
#include "core/machine/machine_ops.h"
#include "core/maps/map.h"
#include "core/program/program.h"
#include "core/syscall/system.h"

namespace ebpf::cli {

/// The running subsystem, while one lives. The kernel beneath it is
/// testing/host_port's: the same T0 and T1 functions that every test of core
/// runs on, so that the command has none of its own to get wrong.
class Runtime {
 public:
  /// With this machine's CPU, or another one, whose programs are not to be run.
  /// `kernel`: what it is part of, or judges programs for.
  explicit Runtime(const machine::MachineOps* machine = nullptr,
                   const KernelView& kernel = {});
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
};

/// The CPU with this name ("x86_64", "aarch64", "riscv64"), or null.
const machine::MachineOps* FindMachine(std::string_view name);

/// "interpreter", or "jit" for this machine's CPU. Failure: no such engine, or
/// not here. A Runtime lives.
Engine& FindEngine(std::string_view name);

/// A program of `insns`, whose map references are addresses of `maps` already.
/// Failure: `engine` does not take it.
Ref<Program> MakeProgram(const std::vector<isa::Insn>& insns,
                         const std::vector<Ref<Map>>& maps, Engine& engine);

}  // namespace ebpf::cli
