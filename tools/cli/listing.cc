// SPDX-License-Identifier: MIT
//
// tools/cli/listing.h's implementation.
#include "tools/cli/listing.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/text_writer.h"
#include "core/helpers/prototype.h"
#include "core/isa/decode.h"
#include "core/isa/disassemble.h"
#include "testing/host_port/host_machine.h"
#include "tools/cli/compile.h"

namespace ebpf::cli {
namespace {

/// Nothing runs there; images of this machine lie somewhere like it.
constexpr uint64_t kListedAddress = 0x10000000;

constexpr size_t kSourceWidth = 52;
constexpr size_t kInsnWidth = 42;

/// "counts", ".bss + 0x10": the map, or the place in its value, at `address`.
std::optional<std::string> MapAt(uint64_t address,
                                 const std::map<std::string, Ref<Map>>& maps) {
  for (const auto& [name, map] : maps) {
    if (address == reinterpret_cast<uint64_t>(map.get())) {
      return name;
    }
    const Result<Bytes> value = map->DirectValue();
    if (!value.ok()) {
      continue;
    }
    const uint64_t offset = address - reinterpret_cast<uint64_t>(value->data());
    if (offset < value->size()) {
      return fmt::format("{} + {:#x}", name, offset);
    }
  }
  return std::nullopt;
}

std::string InsnText(const isa::DecodedInsn& insn,
                     const std::map<std::string, Ref<Map>>& maps) {
  char buffer[128];
  TextWriter writer(buffer, sizeof(buffer));
  isa::Disassemble(insn, writer);
  std::string text(writer.text().data(), writer.text().size());
  if (insn.op == isa::Op::kLoadImm64) {
    if (const auto map = MapAt(insn.imm64(), maps)) {
      return fmt::format("r{} = {} ll", insn.dst, *map);
    }
  } else if (insn.op == isa::Op::kCallHelper) {
    const HelperPrototype* helper = FindHelper(static_cast<uint32_t>(insn.imm));
    if (helper != nullptr) {
      return fmt::format("{} ({})", text, helper->name);
    }
  }
  return text;
}

/// Whether a function's code has returned: what follows, up to the next
/// instruction's, is how the next function begins.
bool HasReturned(const ListedInsn& insn) {
  return insn.text == "exit" && !insn.code.empty() &&
         insn.code.back().text.starts_with("ret");
}

/// Puts each machine instruction to the last instruction that begins at or
/// before it.
void PlaceCode(const std::vector<MachineInsn>& code,
               const std::vector<uint32_t>& offsets, Listing& listing) {
  size_t next = 0;  // the first of listing.insns that begins later
  for (const MachineInsn& insn : code) {
    while (next < listing.insns.size() &&
           offsets[listing.insns[next].index] <= insn.offset) {
      ++next;
    }
    size_t owner = next;  // + 1
    if (owner != 0 && owner < listing.insns.size() &&
        HasReturned(listing.insns[owner - 1])) {
      ++owner;
    }
    (owner == 0 ? listing.entry : listing.insns[owner - 1].code)
        .push_back(insn);
  }
}

/// At most `width` characters; what is cut ends in "~".
std::string Fit(std::string_view text, size_t width) {
  std::string fitted(text.substr(0, width));
  if (text.size() > width) {
    fitted.back() = '~';
  }
  return fitted;
}

std::string CodeText(const MachineInsn& insn) {
  return fmt::format("{:>5x}: {}", insn.offset, insn.text);
}

std::string SourceText(const SourceLine& source) {
  std::string_view text = source.text;
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  return fmt::format("{:>4}: {}", source.line, text);
}

std::string Row(std::string_view source, std::string_view insn,
                std::string_view code) {
  std::string row =
      fmt::format("{:<{}} | {:<{}} | {}", Fit(source, kSourceWidth),
                  kSourceWidth, Fit(insn, kInsnWidth), kInsnWidth, code);
  row.erase(row.find_last_not_of(' ') + 1);
  return row + "\n";
}

nlohmann::json CodeJson(const std::vector<MachineInsn>& code) {
  nlohmann::json list = nlohmann::json::array();
  for (const MachineInsn& insn : code) {
    list.push_back(
        {{"offset", insn.offset}, {"size", insn.size}, {"text", insn.text}});
  }
  return list;
}

nlohmann::json InsnJson(const ListedInsn& insn) {
  nlohmann::json json = {{"index", insn.index},
                         {"original_index", insn.original},
                         {"text", insn.text},
                         {"code", CodeJson(insn.code)}};
  if (insn.source.has_value()) {
    json["source"] = {{"file", insn.source->file},
                      {"line", insn.source->line},
                      {"column", insn.source->column},
                      {"text", insn.source->text}};
  }
  return json;
}

}  // namespace

Listing MakeListing(const std::string& name, const Program& program,
                    const std::map<std::string, Ref<Map>>& maps,
                    const SourceOf& sources,
                    const machine::MachineOps* machine) {
  Listing listing;
  listing.program = name;
  listing.verified = !program.facts().empty();
  const isa::ConstInsns insns = program.insns();
  const Span<uint32_t> originals = program.parts().original_indices;
  for (uint32_t i = 0; i < insns.size();) {
    isa::DecodedInsn insn;
    if (isa::DecodeFixed(insns, i, insn) != isa::DecodeError::kNone) {
      break;  // an engine has taken the program: this does not happen
    }
    const uint32_t original = originals.empty() ? i : originals[i];
    listing.insns.push_back(
        {i,
         original,
         original < sources.size() ? sources[original] : std::nullopt,
         InsnText(insn, maps),
         {}});
    i += insn.slots;
  }
  if (machine != nullptr) {
    const uint64_t features = machine == &ThisMachine() ? ThisCpuFeatures() : 0;
    const CompiledProgram compiled =
        CompileFor(*machine, features, program, kListedAddress);
    listing.machine = machine->name;
    listing.code_size = compiled.code.size();
    PlaceCode(DisassembleMachineCode(*machine, compiled.code, kListedAddress),
              compiled.offsets, listing);
  }
  return listing;
}

std::string ListingText(const Listing& listing) {
  std::string text = fmt::format("{}: {} instructions{}", listing.program,
                                 listing.insns.size(),
                                 listing.verified ? "" : ", not verified");
  if (!listing.machine.empty()) {
    text +=
        fmt::format(", {} bytes for {}", listing.code_size, listing.machine);
  }
  text += "\n";
  for (const MachineInsn& insn : listing.entry) {
    text += Row("", "", CodeText(insn));
  }
  const SourceLine* last = nullptr;
  for (const ListedInsn& insn : listing.insns) {
    std::string source;
    if (insn.source.has_value()) {
      const SourceLine& now = *insn.source;
      if (last == nullptr || last->line != now.line || last->file != now.file) {
        source = SourceText(now);
      }
      last = &now;
    }
    text += Row(source, fmt::format("{:>4}: {}", insn.index, insn.text),
                insn.code.empty() ? "" : CodeText(insn.code.front()));
    for (size_t i = 1; i < insn.code.size(); ++i) {
      text += Row("", "", CodeText(insn.code[i]));
    }
  }
  return text;
}

std::string ListingJson(const std::vector<Listing>& listings) {
  nlohmann::json programs = nlohmann::json::array();
  for (const Listing& listing : listings) {
    nlohmann::json insns = nlohmann::json::array();
    for (const ListedInsn& insn : listing.insns) {
      insns.push_back(InsnJson(insn));
    }
    programs.push_back({{"name", listing.program},
                        {"verified", listing.verified},
                        {"machine", listing.machine},
                        {"code_size", listing.code_size},
                        {"entry", CodeJson(listing.entry)},
                        {"insns", std::move(insns)}});
  }
  const nlohmann::json all = {{"programs", std::move(programs)}};
  // Source text may be in any encoding.
  return all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
         "\n";
}

}  // namespace ebpf::cli
