// SPDX-License-Identifier: MIT
//
// tools/cli/engines.h's implementation.
#include "tools/cli/engines.h"

#include <algorithm>
#include <fmt/format.h>

#include "arch/aarch64/machine_ops.h"
#include "arch/riscv64/machine_ops.h"
#include "arch/x86_64/machine_ops.h"
#include "core/helpers/trace_log.h"
#include "core/interpreter/interpreter.h"
#include "core/jit/jit.h"
#include "core/memory/allocator.h"
#include "core/program/run_context.h"
#include "core/sync/read_section.h"
#include "testing/host_port/host_machine.h"
#include "tools/cli/failure.h"

namespace ebpf::cli {

Runtime::Runtime() {
  Require(InitReadSections() ? Status::kOk : Status::kNoMemory,
          "read sections");
  Require(InitRunContexts(PortAllocator()), "run contexts");
  Require(InitTraceLog(PortAllocator()), "trace log");
}

Runtime::~Runtime() {
  ExitJit();
  ExitTraceLog();
  ExitRunContexts();
  ExitReadSections();
}

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
  static Engine* const jit =
      InitJit(ThisMachine(), ThisCpuFeatures(), PortAllocator());
  if (jit == nullptr) {
    throw Failure(fmt::format("there is no compiler for this machine ({})",
                              ThisMachine().name));
  }
  return *jit;
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
