// SPDX-License-Identifier: MIT
//
// testing/benchmarks/insn_count.h's implementation.
#include "testing/benchmarks/insn_count.h"

#include <fmt/format.h>

#include "core/loader/object_file.h"
#include "core/loader/program_linker.h"
#include "core/memory/allocator.h"
#include "core/program/run_context.h"
#include "core/sync/read_section.h"
#include "testing/benchmarks/object_maps.h"
#include "testing/fuzzing/checked_machine.h"
#include "tools/cli/failure.h"

namespace ebpf::benchmarks {

double CountInsns(const Kernel& kernel) {
  char buffer[1024];
  TextWriter log(buffer, sizeof(buffer));
  loader::ObjectFile file(PortAllocator());
  cli::Require(file.Read(kernel.object, log), "the object");
  const ObjectMaps by_name = MakeMaps(kernel.object);
  std::vector<Map*> maps;
  std::vector<int> indices;
  for (const loader::MapDefinition& map : file.maps()) {
    maps.push_back(
        by_name.at(std::string(map.name.data(), map.name.size())).get());
    indices.push_back(static_cast<int>(indices.size()));
  }
  loader::ProgramLinker linker(file,
                               Span<const int>(indices.data(), indices.size()),
                               PortAllocator(), log);
  cli::Require(linker.Link(file.programs()[0]), "the program");
  const auto data = by_name.find(".bss");
  if (data != by_name.end()) {
    FillMemory(data->second->DirectValue()->data());
  }
  const verifier::Code code(linker.insns().begin(), linker.insns().end());
  const unsigned runs = kernel.group == Group::kTracing ? 64 : 1;
  uint64_t steps = 0;
  for (unsigned i = 0; i < runs; ++i) {
    uint8_t context[8] = {};
    RunContext* run = BeginRun();
    {
      const ReadSection reading;
      fuzzing::CheckedMachine machine(
          code, Span<Map* const>(maps.data(), maps.size()),
          Span<uint8_t>(context, sizeof(context)));
      const std::string fault =
          machine.Run(10'000'000, [](uint32_t) { return true; });
      if (!fault.empty()) {
        throw cli::Failure(fmt::format("{}: {}", kernel.name, fault));
      }
      steps += machine.steps();
    }
    EndRun(run);
  }
  return static_cast<double>(steps) / runs;
}

}  // namespace ebpf::benchmarks
