// SPDX-License-Identifier: MIT
//
// What bpf(2) and a probe do around a program, without either.
#include "testing/differential/core_runner.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/interpreter/interpreter.h"
#include "core/memory/allocator.h"
#include "core/program/program.h"
#include "core/program/run_context.h"
#include "core/program_types/program_type.h"
#include "core/sync/read_section.h"

namespace ebpf::differential {

CoreRunner::CoreRunner() {
  EBPF_ASSERT(InitReadSections());
  EBPF_ASSERT(IsOk(InitRunContexts(PortAllocator())));
}

CoreRunner::~CoreRunner() {
  ExitRunContexts();
  ExitReadSections();
}

bool CoreRunner::Run(const GeneratedProgram& generated, Outcome& outcome) {
  Allocator& allocator = PortAllocator();
  outcome.value = generated.input;
  ProgramParts parts;
  parts.type =
      FindProgramType(static_cast<uint32_t>(ProgramTypeId::kSocketFilter));
  Result<isa::Insns> insns =
      allocator.NewArray<isa::Insn>(generated.insns.size());
  EBPF_ASSERT(insns.ok());
  parts.insns = *insns;
  std::copy(generated.insns.begin(), generated.insns.end(),
            parts.insns.begin());
  const auto address = reinterpret_cast<uint64_t>(&outcome.value);
  for (const size_t index : generated.value_loads) {
    parts.insns[index].src = isa::kPseudoNone;
    parts.insns[index].imm = static_cast<int32_t>(address);
    parts.insns[index + 1].imm = static_cast<int32_t>(address >> 32);
  }
  Result<Ref<Program>> program =
      Program::Create(parts, InterpreterEngine(), allocator);
  if (!program.ok()) {
    allocator.DeleteArray(parts.insns);
    return false;
  }
  outcome.result = static_cast<uint32_t>((*program)->Run(nullptr));
  return true;
}

}  // namespace ebpf::differential
