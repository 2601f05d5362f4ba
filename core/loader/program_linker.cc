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

Status ProgramLinker::Link(const ProgramDefinition& program) {
  EBPF_TRY(
      Append(program.section_index, program.first_insn, program.insn_count));
  // functions_ grows while its elements are worked on; each subprogram is
  // appended once, so this ends.
  for (size_t i = 0; i < functions_.size(); ++i) {
    const Function function = functions_[i];
    EBPF_TRY(ResolvePlainCalls(function));
    EBPF_TRY(Relocate(function));
  }
  return Status::kOk;
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

Result<elf::Symbol> ProgramLinker::FunctionAt(uint32_t section,
                                              uint64_t offset) const {
  for (uint32_t i = 0; i < object_.elf().symbol_count(); ++i) {
    const elf::Symbol symbol = EBPF_TRY(object_.elf().SymbolAt(i));
    if (symbol.type == elf::kSymbolFunction && symbol.section == section &&
        symbol.value == offset) {
      return symbol;
    }
  }
  return Status::kNotFound;
}

Result<uint32_t> ProgramLinker::PlaceOf(int64_t insn) {
  const uint32_t text = object_.text_section();
  for (const Function& function : functions_) {
    if (function.section == text && function.first_insn == insn) {
      return function.at;
    }
  }
  if (insn < 0 || text >= object_.elf().section_count()) {
    return Status::kBadExec;
  }
  const auto offset = static_cast<uint64_t>(insn) * sizeof(isa::Insn);
  const elf::Section section = EBPF_TRY(object_.elf().SectionAt(text));
  const elf::Symbol symbol = EBPF_TRY(FunctionAt(text, offset));
  if (symbol.size == 0 || symbol.size % sizeof(isa::Insn) != 0 ||
      !section.data.Contains(symbol.value, symbol.size)) {
    return Status::kBadExec;
  }
  const auto place = static_cast<uint32_t>(insns_.size());
  EBPF_TRY(Append(text, static_cast<uint32_t>(insn),
                  static_cast<uint32_t>(symbol.size / sizeof(isa::Insn))));
  return place;
}

Status ProgramLinker::SetCallTarget(uint32_t at, int64_t text_insn) {
  Result<uint32_t> place = PlaceOf(text_insn);
  if (!place.ok()) {
    if (place.status() == Status::kNoMemory ||
        place.status() == Status::kTooBig) {
      return place.status();
    }
    return Refuse(Status::kBadExec, at,
                  "call to what is not the start of a function in .text");
  }
  insns_[at].imm = static_cast<int32_t>(int64_t{*place} - at - 1);
  return Status::kOk;
}

Status ProgramLinker::ResolvePlainCalls(const Function& function) {
  Optional<elf::Section> relocations =
      EBPF_TRY(object_.RelocationsOf(function.section));
  // Which calls have a relocation is known by their offsets; lists of them are
  // as long as the section has calls, so each is looked for only when needed.
  const auto is_relocated = [&](uint32_t insn) {
    const uint32_t count =
        relocations ? elf::ElfReader::RelocationCount(*relocations) : 0;
    for (uint32_t i = 0; i < count; ++i) {
      if (elf::ElfReader::RelocationAt(*relocations, i).offset ==
          uint64_t{insn} * sizeof(isa::Insn)) {
        return true;
      }
    }
    return false;
  };
  for (uint32_t i = 0; i < function.count; ++i) {
    const isa::Insn insn = insns_[function.at + i];
    if (insn.opcode == kLdImm64) {
      ++i;  // its second slot is data
      continue;
    }
    const uint32_t in_section = function.first_insn + i;
    if (insn.opcode != kCall || insn.src != isa::kCallSubprogram ||
        is_relocated(in_section)) {
      continue;
    }
    if (function.section != object_.text_section()) {
      return Refuse(Status::kNotSupported, function.at + i,
                    "call to a function outside .text");
    }
    EBPF_TRY(
        SetCallTarget(function.at + i, int64_t{in_section} + insn.imm + 1));
  }
  return Status::kOk;
}

Status ProgramLinker::Relocate(const Function& function) {
  Optional<elf::Section> relocations =
      EBPF_TRY(object_.RelocationsOf(function.section));
  if (!relocations) {
    return Status::kOk;
  }
  const uint32_t count = elf::ElfReader::RelocationCount(*relocations);
  for (uint32_t i = 0; i < count; ++i) {
    EBPF_TRY(ApplyRelocation(function,
                             elf::ElfReader::RelocationAt(*relocations, i)));
  }
  return Status::kOk;
}

Status ProgramLinker::ApplyRelocation(const Function& function,
                                      const elf::Relocation& relocation) {
  const uint64_t insn = relocation.offset / sizeof(isa::Insn);
  if (insn < function.first_insn ||
      insn >= uint64_t{function.first_insn} + function.count) {
    return Status::kOk;  // of another function in the same section
  }
  const auto at =
      static_cast<uint32_t>(function.at + insn - function.first_insn);
  if (relocation.offset % sizeof(isa::Insn) != 0) {
    return Refuse(Status::kBadExec, at, "relocation inside an instruction");
  }
  Result<elf::Symbol> symbol = object_.elf().SymbolAt(relocation.symbol);
  if (!symbol.ok()) {
    return Refuse(Status::kBadExec, at, "relocation against no symbol");
  }
  if (symbol->section == elf::kUndefined) {
    log_.Put("symbol '").Put(symbol->name).Put("' is not defined; ");
    return Refuse(Status::kNotSupported, at,
                  "extern symbols are not supported");
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

Status ProgramLinker::RelocateConstant(uint32_t at, const elf::Symbol& symbol) {
  if (symbol.section == object_.text_section()) {
    // A callback: clang gives the function's byte offset in symbol and imm.
    const int64_t offset = static_cast<int64_t>(symbol.value) + insns_[at].imm;
    Result<uint32_t> place = Status::kBadExec;
    if (offset >= 0 && offset % static_cast<int64_t>(sizeof(isa::Insn)) == 0) {
      place = PlaceOf(offset / static_cast<int64_t>(sizeof(isa::Insn)));
    }
    if (!place.ok()) {
      return place.status() == Status::kNoMemory
                 ? place.status()
                 : Refuse(Status::kBadExec, at,
                          "reference to what is not a function of .text");
    }
    insns_[at].src = isa::kPseudoFunc;
    insns_[at].imm = static_cast<int32_t>(int64_t{*place} - at - 1);
    return Status::kOk;
  }
  for (size_t i = 0; i < object_.maps().size(); ++i) {
    const MapDefinition& map = object_.maps()[i];
    if (map.section != symbol.section) {
      continue;
    }
    const bool is_data = object_.elf().SectionAt(map.section)->name != ".maps";
    if (!is_data && map.offset != symbol.value) {
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
  log_.Put("symbol '").Put(symbol.name).Put("': ");
  return Refuse(Status::kBadExec, at, "is neither a map nor global data");
}

Status ProgramLinker::RelocateCall(uint32_t at, const elf::Symbol& symbol) {
  if (symbol.section != object_.text_section() ||
      symbol.value % sizeof(isa::Insn) != 0 || symbol.value > INT32_MAX) {
    return Refuse(Status::kNotSupported, at,
                  "call to a function outside .text");
  }
  insns_[at].src = isa::kCallSubprogram;
  return SetCallTarget(at,
                       static_cast<int64_t>(symbol.value / sizeof(isa::Insn)) +
                           insns_[at].imm + 1);
}

}  // namespace ebpf::loader
