// SPDX-License-Identifier: MIT
//
// tools/cli/engines.h's implementation.
#include "tools/cli/engines.h"

#include <algorithm>
#include <fmt/format.h>

#include "arch/aarch64/machine_ops.h"
#include "arch/riscv64/machine_ops.h"
#include "arch/x86_64/machine_ops.h"
#include "core/interpreter/interpreter.h"
#include "core/memory/allocator.h"
#include "testing/host_port/host_machine.h"
#include "tools/cli/failure.h"

namespace ebpf::cli {

Runtime::Runtime(const machine::MachineOps* machine, const KernelView& kernel) {
  const bool is_here = machine == nullptr || machine == &ThisMachine();
  EngineOptions options;
  options.cpu_features = is_here ? ThisCpuFeatures() : 0;
  options.interpret = !is_here;
  Require(InitSystem(is_here ? ThisMachine() : *machine, options, kernel),
          "the subsystem cannot be started");
}

Runtime::~Runtime() { ExitSystem(); }

const machine::MachineOps* FindMachine(std::string_view name) {
  for (const machine::MachineOps* machine :
       {&x86_64::kMachineOps, &aarch64::kMachineOps, &riscv64::kMachineOps}) {
    if (name == machine->name) {
      return machine;
    }
  }
  return nullptr;
}

Engine& FindEngine(std::string_view name) {
  if (name == "interpreter") {
    return InterpreterEngine();
  }
  if (name != "jit") {
    throw Failure(fmt::format("there is no engine '{}'", name));
  }
  Engine& engine = RunningSystem()->engine();
  if (&engine == &InterpreterEngine()) {
    throw Failure(fmt::format("there is no compiler for this machine ({})",
                              ThisMachine().name));
  }
  return engine;
}

Ref<Program> MakeProgram(const std::vector<isa::Insn>& insns,
                         const std::vector<Ref<Map>>& maps, Engine& engine) {
  Allocator& allocator = PortAllocator();
  ProgramParts parts;
  parts.type =
      FindProgramType(static_cast<uint32_t>(ProgramTypeId::kSocketFilter));
  Result<isa::Insns> own_insns = allocator.NewArray<isa::Insn>(insns.size());
  Result<Span<Map*>> own_maps = allocator.NewArray<Map*>(maps.size());
  if (!own_insns.ok() || !own_maps.ok()) {
    throw Failure("no memory for the program");
  }
  std::copy(insns.begin(), insns.end(), own_insns->begin());
  parts.insns = *own_insns;
  for (size_t i = 0; i < maps.size(); ++i) {
    maps[i]->Acquire();
    (*own_maps)[i] = &*maps[i];
  }
  parts.maps = *own_maps;
  Result<Ref<Program>> program = Program::Create(parts, engine, allocator);
  if (!program.ok()) {
    for (Map* map : parts.maps) {
      map->Release();
    }
    allocator.DeleteArray(parts.maps);
    allocator.DeleteArray(parts.insns);
    throw Failure(fmt::format("the {} does not take the program: {}",
                              engine.name(), StatusText(program.status())));
  }
  return Move(*program);
}

}  // namespace ebpf::cli
