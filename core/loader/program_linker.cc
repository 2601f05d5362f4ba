// SPDX-License-Identifier: MIT
//
// core/loader/program_linker.h's implementation.
//
// A call within one section has no relocation: the assembler has put the
// distance into imm, which is right only while both functions keep their
// places. So a call is first turned into "which instruction of .text", then
// into the distance to where that function stands now. A relocated call has src
// 1 and in imm the distance that the symbol is to be added to; -1 for the
// symbol itself.
#include "core/loader/program_linker.h"

#include "core/base/memory.h"

namespace ebpf::loader {
namespace {

constexpr uint8_t kLdImm64 = 0x18;  // [RFC 9669, section 5.4]
constexpr uint8_t kCall = 0x85;     // [RFC 9669, section 4.3]

constexpr uint32_t kMaxInsns = 1'000'000;

}  // namespace

Status RelocationIndex::Build(const ObjectFile& object, uint32_t section,
                              TextWriter& log) {
  const uint32_t at = object.RelocationsOf(section);
  if (at == 0) {
    return Status::kOk;
  }
  const elf::Section code = EBPF_TRY(object.elf().SectionAt(section));
  relocations_ = EBPF_TRY(object.elf().SectionAt(at));
  EBPF_TRY(by_insn_.Allocate(code.data.size() / sizeof(isa::Insn)));
  const uint32_t count = elf::ElfReader::RelocationCount(relocations_);
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t offset =
        elf::ElfReader::RelocationAt(relocations_, i).offset;
    const uint64_t insn = offset / sizeof(isa::Insn);
    if (offset % sizeof(isa::Insn) != 0 || insn >= by_insn_.span().size() ||
        by_insn_[insn] != 0) {
      log.Put("ELF: relocation ").PutUnsigned(i).Put(" of '");
      log.Put(code.name).Put("' is not at an instruction of its own\n");
      return Status::kBadExec;
    }
    by_insn_[insn] = i + 1;
  }
  return Status::kOk;
}

Optional<elf::Relocation> RelocationIndex::At(uint64_t insn) const {
  if (insn >= by_insn_.span().size() || by_insn_[insn] == 0) {
    return kNullOptional;
  }
  return elf::ElfReader::RelocationAt(relocations_, by_insn_[insn] - 1);
}

Status ProgramLinker::Link(const ProgramDefinition& program) {
  EBPF_TRY(entry_relocations_.Build(object_, program.section_index, log_));
  EBPF_TRY(
      Append(program.section_index, program.first_insn, program.insn_count));
  // functions_ grows while its elements are worked on; each subprogram is
  // appended once, so this ends.
  for (size_t i = 0; i < functions_.size(); ++i) {
    const Function function = functions_[i];
    EBPF_TRY(Resolve(function));
  }
  return Status::kOk;
}

ProgramLinker::Place ProgramLinker::PlaceInObject(uint32_t at) const {
  for (const Function& function : functions_.span()) {
    if (at - function.at < function.count) {
      return {function.section, function.first_insn + (at - function.at)};
    }
  }
  return {0, 0};
}

Status ProgramLinker::Refuse(Status status, uint32_t at, StringView why) {
  log_.Put("insn ").PutUnsigned(at).Put(": ").Put(why).Put("\n");
  return status;
}

Status ProgramLinker::Append(uint32_t section_index, uint32_t first_insn,
                             uint32_t count) {
  const elf::Section section = EBPF_TRY(object_.elf().SectionAt(section_index));
  const auto at = static_cast<uint32_t>(insns_.size());
  if (count > kMaxInsns - at) {
    return Refuse(Status::kTooBig, at, "the program is too large");
  }
  EBPF_TRY(insns_.Reserve(at + count));
  for (uint32_t i = 0; i < count; ++i) {
    EBPF_TRY(insns_.PushBack(LoadUnaligned<isa::Insn>(
        section.data.data() + sizeof(isa::Insn) * (size_t{first_insn} + i))));
  }
  return functions_.PushBack({section_index, first_insn, count, at});
}

Status ProgramLinker::PrepareText() {
  const elf::Section text =
      EBPF_TRY(object_.elf().SectionAt(object_.text_section()));
  EBPF_TRY(text_relocations_.Build(object_, object_.text_section(), log_));
  return text_places_.Allocate(text.data.size() / sizeof(isa::Insn));
}

Result<uint32_t> ProgramLinker::PlaceOf(uint64_t insn) {
  const uint32_t count = object_.TextFunctionSize(insn);
  if (count == 0) {
    return Status::kNotFound;
  }
  if (text_places_.span().empty()) {
    EBPF_TRY(PrepareText());
  }
  if (text_places_[insn] == 0) {
    const auto place = static_cast<uint32_t>(insns_.size());
    EBPF_TRY(
        Append(object_.text_section(), static_cast<uint32_t>(insn), count));
    text_places_[insn] = place + 1;
  }
  return text_places_[insn] - 1;
}

Status ProgramLinker::SetTarget(uint32_t at, int64_t text_insn) {
  Result<uint32_t> place = Status::kNotFound;
  if (text_insn >= 0) {
    place = PlaceOf(static_cast<uint64_t>(text_insn));
  }
  if (place.status() == Status::kNotFound) {
    return Refuse(Status::kBadExec, at,
                  "refers to what is not the start of a function in .text");
  }
  EBPF_TRY(place.status());
  insns_[at].imm = static_cast<int32_t>(int64_t{*place} - at - 1);
  return Status::kOk;
}

Status ProgramLinker::Resolve(const Function& function) {
  const bool is_text = function.section == object_.text_section();
  const RelocationIndex& relocations =
      is_text ? text_relocations_ : entry_relocations_;
  for (uint32_t i = 0; i < function.count; ++i) {
    const uint32_t at = function.at + i;
    const Optional<elf::Relocation> relocation =
        relocations.At(uint64_t{function.first_insn} + i);
    const isa::Insn insn = insns_[at];
    if (relocation) {
      EBPF_TRY(ApplyRelocation(function, at, *relocation));
    } else if (insn.opcode == kCall && insn.src == isa::kCallSubprogram) {
      EBPF_TRY(ResolvePlainCall(function, at));
    }
    if (insn.opcode == kLdImm64) {
      ++i;  // its second slot is data
      if (relocations.At(uint64_t{function.first_insn} + i)) {
        return Refuse(Status::kBadExec, at, "relocation inside an instruction");
      }
    }
  }
  return Status::kOk;
}

Status ProgramLinker::ResolvePlainCall(const Function& function, uint32_t at) {
  if (function.section != object_.text_section()) {
    return Refuse(Status::kNotSupported, at,
                  "call to a function outside .text");
  }
  const uint32_t in_section = function.first_insn + (at - function.at);
  return SetTarget(at, int64_t{in_section} + insns_[at].imm + 1);
}

Status ProgramLinker::ApplyRelocation(const Function& function, uint32_t at,
                                      const elf::Relocation& relocation) {
  Result<elf::Symbol> symbol = object_.elf().SymbolAt(relocation.symbol);
  if (!symbol.ok()) {
    return Refuse(Status::kBadExec, at, "relocation against no symbol");
  }
  if (symbol->section == elf::kUndefined) {
    log_.Put("symbol '").Put(object_.elf().NameOf(*symbol).ValueOr(""));
    log_.Put("' is not defined; ");
    return Refuse(Status::kNotSupported, at,
                  "extern symbols are not supported");
  }
  if (symbol->value > INT32_MAX) {
    return Refuse(Status::kBadExec, at, "relocation against no place");
  }
  if (relocation.type == elf::kRelocation64 && insns_[at].opcode == kLdImm64 &&
      at + 1 < function.at + function.count) {
    return RelocateConstant(at, *symbol);
  }
  if (relocation.type == elf::kRelocationCall && insns_[at].opcode == kCall) {
    return RelocateCall(at, *symbol);
  }
  return Refuse(Status::kBadExec, at,
                "relocation type does not fit the instruction");
}

Status ProgramLinker::RelocateFunction(uint32_t at, const elf::Symbol& symbol) {
  // A callback: clang gives the function's byte offset in symbol and imm.
  const int64_t offset = static_cast<int64_t>(symbol.value) + insns_[at].imm;
  if (offset < 0 || offset % static_cast<int64_t>(sizeof(isa::Insn)) != 0) {
    return Refuse(Status::kBadExec, at, "refers to the inside of a function");
  }
  insns_[at].src = isa::kPseudoFunc;
  return SetTarget(at, offset / static_cast<int64_t>(sizeof(isa::Insn)));
}

Status ProgramLinker::RelocateConstant(uint32_t at, const elf::Symbol& symbol) {
  if (symbol.section == object_.text_section()) {
    return RelocateFunction(at, symbol);
  }
  const bool is_data = symbol.section != object_.maps_section();
  for (size_t i = 0; i < object_.maps().size(); ++i) {
    const MapDefinition& map = object_.maps()[i];
    if (map.section != symbol.section ||
        (!is_data && map.offset != symbol.value)) {
      continue;
    }
    if (is_data) {
      const int64_t offset =
          static_cast<int64_t>(symbol.value) + insns_[at].imm;
      if (offset < 0 || offset > map.spec.value_size) {
        return Refuse(Status::kBadExec, at, "reference past its section");
      }
      insns_[at + 1].imm = static_cast<int32_t>(offset);
    }
    insns_[at].src = is_data ? isa::kPseudoMapValue : isa::kPseudoMapFd;
    insns_[at].imm = map_fds_[i];
    return Status::kOk;
  }
  log_.Put("symbol '").Put(object_.elf().NameOf(symbol).ValueOr(""));
  log_.Put("': ");
  return Refuse(Status::kBadExec, at, "is neither a map nor global data");
}

Status ProgramLinker::RelocateCall(uint32_t at, const elf::Symbol& symbol) {
  if (symbol.section != object_.text_section() ||
      symbol.value % sizeof(isa::Insn) != 0) {
    return Refuse(Status::kNotSupported, at,
                  "call to a function outside .text");
  }
  insns_[at].src = isa::kCallSubprogram;
  return SetTarget(at, static_cast<int64_t>(symbol.value / sizeof(isa::Insn)) +
                           insns_[at].imm + 1);
}

}  // namespace ebpf::loader
