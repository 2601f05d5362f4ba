// SPDX-License-Identifier: MIT
//
// tools/cli/disasm.h's implementation.
#include "tools/cli/disasm.h"

#include <fmt/format.h>
#include <vector>

#include "core/interpreter/interpreter.h"
#include "core/loader/object_file.h"
#include "core/loader/program_linker.h"
#include "core/memory/allocator.h"
#include "testing/host_port/host_machine.h"
#include "tools/cli/engines.h"
#include "tools/cli/failure.h"
#include "tools/cli/input.h"
#include "tools/cli/line_info.h"
#include "tools/cli/listing.h"
#include "tools/cli/object_program.h"
#include "tools/cli/verified_program.h"

namespace ebpf::cli {
namespace {

/// An object that has been read, for what is not in a loaded program.
class ObjectReader {
 public:
  explicit ObjectReader(const std::vector<uint8_t>& bytes)
      : log_(buffer_, sizeof(buffer_)), file_(PortAllocator()) {
    const Status status =
        file_.Read(ConstBytes(bytes.data(), bytes.size()), log_);
    Require(status, fmt::format("the object cannot be read: {}",
                                std::string_view(log_.text().data(),
                                                 log_.text().size())));
  }

  const loader::ObjectFile& file() const { return file_; }

  /// For each instruction of a program, as the loader links it.
  SourceOf SourcesOf(size_t program) {
    const LineInfo lines(file_.elf());
    std::vector<int> fds(file_.maps().size(), 1);
    loader::ProgramLinker linker(file_, Span<const int>(fds.data(), fds.size()),
                                 PortAllocator(), log_);
    Require(linker.Link(file_.programs()[program]), "linking");
    SourceOf sources;
    for (uint32_t i = 0; i < linker.insns().size(); ++i) {
      const auto place = linker.PlaceInObject(i);
      const SourceLine* line = lines.At(place.section, place.insn);
      sources.push_back(line == nullptr ? std::nullopt
                                        : std::optional<SourceLine>(*line));
    }
    return sources;
  }

 private:
  char buffer_[4096];
  TextWriter log_;
  loader::ObjectFile file_;
};

const machine::MachineOps* ChooseMachine(const DisasmOptions& options) {
  if (!options.machine.has_value()) {
    return ThisMachine().compiler->compile == nullptr ? nullptr
                                                      : &ThisMachine();
  }
  const machine::MachineOps* machine = FindMachine(*options.machine);
  if (machine == nullptr) {
    throw Failure(fmt::format("there is no CPU '{}'", *options.machine));
  }
  return machine;
}

Listing ListOne(const std::vector<uint8_t>& object, const std::string& name,
                const SourceOf& sources, bool unverified,
                const machine::MachineOps* machine) {
  if (!unverified) {
    const VerifiedObject loaded = LoadVerified(object, name);
    return MakeListing(name, *loaded.programs.at(0).program, loaded.maps,
                       sources, machine);
  }
  const LinkedProgram linked = LinkProgram(object, name);
  std::map<std::string, Ref<Map>> maps;
  for (size_t i = 0; i < linked.maps.size(); ++i) {
    maps.emplace(linked.map_names[i], linked.maps[i]);
  }
  const Ref<Program> program =
      MakeProgram(linked.insns, linked.maps, InterpreterEngine());
  return MakeListing(name, *program, maps, sources, machine);
}

}  // namespace

std::string Disasm(const DisasmOptions& options) {
  const std::string text = ReadFile(options.file);
  const std::vector<uint8_t> bytes(text.begin(), text.end());
  const machine::MachineOps* machine = ChooseMachine(options);
  const Runtime runtime(machine);
  ObjectReader object(bytes);
  const Span<const loader::ProgramDefinition> programs =
      object.file().programs();
  std::vector<size_t> wanted;
  if (options.program.has_value()) {
    wanted.push_back(FindProgram(object.file(), options.program));
  } else {
    for (size_t i = 0; i < programs.size(); ++i) {
      wanted.push_back(i);
    }
  }
  std::vector<Listing> listings;
  for (const size_t i : wanted) {
    const std::string name(programs[i].name.data(), programs[i].name.size());
    listings.push_back(
        ListOne(bytes, name, object.SourcesOf(i), options.unverified, machine));
  }
  if (options.json) {
    return ListingJson(listings);
  }
  std::string all;
  for (const Listing& listing : listings) {
    all += (all.empty() ? "" : "\n") + ListingText(listing);
  }
  return all;
}

}  // namespace ebpf::cli
