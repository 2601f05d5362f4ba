// SPDX-License-Identifier: MIT
//
// tools/cli/compile.h's implementation.
#include "tools/cli/compile.h"

#include <fmt/format.h>

#include "core/jit/compilation.h"
#include "core/machine/code_buffer.h"
#include "core/memory/allocator.h"
#include "tools/cli/failure.h"

namespace ebpf::cli {
namespace {

struct Placing {
  std::vector<uint8_t> memory;
  uint64_t address;
};

Status Place(jit::Compilation& compilation, size_t size) {
  auto& placing = *static_cast<Placing*>(compilation.place_argument);
  placing.memory.resize(size + machine::CodeBuffer::kMaxAppend);
  compilation.address = placing.address;
  compilation.code =
      Span<uint8_t>(placing.memory.data(), placing.memory.size());
  return Status::kOk;
}

}  // namespace

CompiledProgram CompileFor(const machine::MachineOps& machine,
                           uint64_t cpu_features, const Program& program,
                           uint64_t address, bool use_facts) {
  if (machine.compiler->compile == nullptr) {
    throw Failure(fmt::format("there is no compiler for {}", machine.name));
  }
  Placing placing = {{}, address};
  jit::Compilation compilation;
  compilation.insns = program.insns();
  if (use_facts) {
    compilation.facts = program.facts();
    compilation.functions = program.parts().functions;
  }
  compilation.direct_calls = program.parts().direct_calls;
  compilation.options.cpu_features = cpu_features;
  compilation.allocator = &PortAllocator();
  compilation.place = Place;
  compilation.place_argument = &placing;
  Require(machine.compiler->compile(compilation),
          fmt::format("the compiler for {} does not take the program",
                      machine.name));
  CompiledProgram compiled;
  compiled.address = address;
  for (const jit::InsnState& state : compilation.states) {
    compiled.offsets.push_back(static_cast<uint32_t>(state.offset));
  }
  placing.memory.resize(compilation.code_size);
  compiled.code = std::move(placing.memory);
  PortAllocator().DeleteArray(compilation.states);
  PortAllocator().DeleteArray(compilation.exceptions);
  return compiled;
}

}  // namespace ebpf::cli
