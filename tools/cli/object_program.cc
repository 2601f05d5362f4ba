// SPDX-License-Identifier: MIT
//
// tools/cli/object_program.h's implementation.
#include "tools/cli/object_program.h"

#include <fmt/format.h>
#include <string_view>

#include "core/loader/object_file.h"
#include "core/loader/program_linker.h"
#include "core/memory/allocator.h"
#include "core/sync/read_section.h"
#include "tools/cli/failure.h"
#include "tools/cli/raw_program.h"
#include "tools/cli/to_std.h"

namespace ebpf::cli {
namespace {

constexpr uint8_t kLdImm64 = 0x18;  // [RFC 9669, section 5.4]

/// A log of core's loader, for what it refuses.
class LoaderLog {
 public:
  LoaderLog() : writer_(buffer_, sizeof(buffer_)) {}
  TextWriter& writer() { return writer_; }

  /// Throws what the log says unless `status` is kOk.
  void Require(Status status, std::string_view what) const {
    if (IsOk(status)) {
      return;
    }
    std::string_view text = ToStd(writer_.text());
    while (text.ends_with('\n')) {
      text.remove_suffix(1);
    }
    throw Failure(fmt::format(
        "{}: {}", what, text.empty() ? StatusText(status) : std::string(text)));
  }

 private:
  char buffer_[4096];
  TextWriter writer_;
};

Ref<Map> MakeMap(const loader::MapDefinition& definition) {
  Result<Ref<Map>> map = CreateMap(definition.spec, PortAllocator());
  Require(map.status(), fmt::format("map {}", ToStd(definition.name)));
  if (!definition.contents.empty()) {
    const ReadSection reading;
    Result<Bytes> value = (*map)->DirectValue();
    Require(value.status(), fmt::format("map {}", ToStd(definition.name)));
    CopyBytes(value->data(), definition.contents.data(),
              definition.contents.size());
  }
  return Move(*map);
}

/// Replaces the descriptors, which are numbers + 1 in `maps`, by addresses.
void BindMaps(std::vector<isa::Insn>& insns,
              const std::vector<Ref<Map>>& maps) {
  for (size_t i = 0; i + 1 < insns.size(); ++i) {
    isa::Insn& low = insns[i];
    if (low.opcode != kLdImm64) {
      continue;
    }
    isa::Insn& high = insns[++i];
    if (low.src != isa::kPseudoMapFd && low.src != isa::kPseudoMapValue) {
      continue;
    }
    Map& map = *maps.at(static_cast<size_t>(low.imm) - 1);
    uint64_t address = reinterpret_cast<uint64_t>(&map);
    if (low.src == isa::kPseudoMapValue) {
      Result<Bytes> value = map.DirectValue();
      Require(value.status(), "a map has no value to point to");
      address = reinterpret_cast<uint64_t>(value->data()) +
                static_cast<uint32_t>(high.imm);
    }
    low.src = isa::kPseudoNone;
    low.imm = static_cast<int32_t>(static_cast<uint32_t>(address));
    high.imm = static_cast<int32_t>(static_cast<uint32_t>(address >> 32));
  }
}

}  // namespace

size_t FindProgram(const loader::ObjectFile& file,
                   const std::optional<std::string>& name) {
  const Span<const loader::ProgramDefinition> programs = file.programs();
  if (programs.empty()) {
    throw Failure("the object has no program");
  }
  std::string names;
  for (size_t i = 0; i < programs.size(); ++i) {
    if (name == ToStd(programs[i].name) || name == std::to_string(i)) {
      return i;
    }
    names +=
        fmt::format("{}{} {}", i == 0 ? "" : ", ", i, ToStd(programs[i].name));
  }
  if (name.has_value()) {
    throw Failure(
        fmt::format("the object has no program '{}', but: {}", *name, names));
  }
  if (programs.size() != 1) {
    throw Failure(
        fmt::format("the object has {} programs, one is to be chosen: {}",
                    programs.size(), names));
  }
  return 0;
}

LinkedProgram LinkProgram(const std::vector<uint8_t>& object,
                          const std::optional<std::string>& name) {
  LoaderLog log;
  loader::ObjectFile file(PortAllocator());
  log.Require(file.Read(ConstBytes(object.data(), object.size()), log.writer()),
              "the object cannot be read");
  const loader::ProgramDefinition& definition =
      file.programs()[FindProgram(file, name)];
  LinkedProgram linked;
  linked.name = ToStd(definition.name);
  std::vector<int> fds;
  for (const loader::MapDefinition& map : file.maps()) {
    linked.maps.push_back(MakeMap(map));
    linked.map_names.emplace_back(ToStd(map.name));
    fds.push_back(static_cast<int>(fds.size()) + 1);
  }
  loader::ProgramLinker linker(file, Span<const int>(fds.data(), fds.size()),
                               PortAllocator(), log.writer());
  log.Require(linker.Link(definition), "the program cannot be linked");
  linked.insns.assign(linker.insns().begin(), linker.insns().end());
  BindMaps(linked.insns, linked.maps);
  CheckRunnable(isa::ConstInsns(linked.insns.data(), linked.insns.size()));
  return linked;
}

}  // namespace ebpf::cli
