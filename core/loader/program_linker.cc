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
#include "core/loader/externs.h"
#include "core/loader/kconfig.h"

namespace ebpf::loader {
namespace {

constexpr uint32_t kMaxInsns = 1'000'000;

/// What libbpf calls instead of a weak kernel function that is not there.
constexpr int32_t kMissingKfunc = 2'002'000'000;

/// Global variables that live in the object's arena.
constexpr StringView kArenaSection = ".addr_space.1";

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
  const Result<ExtRecords> fields = ExtRecords::Find(
      object_, btf::ExtTable::kRelocations, program.section_index);
  const Result<ExtRecords> text_fields = ExtRecords::Find(
      object_, btf::ExtTable::kRelocations, object_.text_section());
  if (!fields.ok() || !text_fields.ok()) {
    return Refuse(Status::kInvalid, 0, "CO-RE relocations are malformed");
  }
  entry_fields_ = *fields;
  text_fields_ = *text_fields;
  EBPF_TRY(
      Append(program.section_index, program.first_insn, program.insn_count));
  // functions_ grows while its elements are worked on; each subprogram is
  // appended once, so this ends.
  for (size_t i = 0; i < functions_.size(); ++i) {
    const LinkedFunction function = functions_[i];
    EBPF_TRY(Resolve(function));
  }
  return Status::kOk;
}

ProgramLinker::Place ProgramLinker::PlaceInObject(uint32_t at) const {
  for (const LinkedFunction& function : functions_.span()) {
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
  EBPF_TRY(functions_.PushBack({section_index, first_insn, count, at}));
  return RelocateNewest();
}

Status ProgramLinker::RelocateNewest() {
  const LinkedFunction& function = functions_[functions_.size() - 1];
  const bool is_text = function.section == object_.text_section();
  const Status status =
      fields_.Relocate(is_text ? text_fields_ : entry_fields_, function,
                       insns_.span().Subspan(function.at, function.count));
  return IsOk(status) ? status
                      : Refuse(status, function.at, "CO-RE relocation failed");
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

Status ProgramLinker::Resolve(const LinkedFunction& function) {
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
    } else if (insn.opcode == isa::kCallOpcode &&
               insn.src == isa::kCallSubprogram) {
      EBPF_TRY(ResolvePlainCall(function, at));
    }
    if (insn.opcode == isa::kLdImm64Opcode) {
      ++i;  // its second slot is data
      if (relocations.At(uint64_t{function.first_insn} + i)) {
        return Refuse(Status::kBadExec, at, "relocation inside an instruction");
      }
    }
  }
  return Status::kOk;
}

Status ProgramLinker::ResolvePlainCall(const LinkedFunction& function,
                                       uint32_t at) {
  if (function.section != object_.text_section()) {
    return Refuse(Status::kNotSupported, at,
                  "call to a function outside .text");
  }
  const uint32_t in_section = function.first_insn + (at - function.at);
  return SetTarget(at, int64_t{in_section} + insns_[at].imm + 1);
}

Status ProgramLinker::ApplyRelocation(const LinkedFunction& function,
                                      uint32_t at,
                                      const elf::Relocation& relocation) {
  Result<elf::Symbol> symbol = object_.elf().SymbolAt(relocation.symbol);
  if (!symbol.ok()) {
    return Refuse(Status::kBadExec, at, "relocation against no symbol");
  }
  if (symbol->section == elf::kUndefined) {
    const bool is_call = insns_[at].opcode == isa::kCallOpcode;
    const bool fits = is_call ? relocation.type == elf::kRelocationCall
                              : relocation.type == elf::kRelocation64 &&
                                    insns_[at].opcode == isa::kLdImm64Opcode &&
                                    at + 1 < function.at + function.count;
    return fits ? RelocateExtern(at, *symbol, is_call)
                : Refuse(Status::kBadExec, at,
                         "relocation type does not fit the instruction");
  }
  if (symbol->value > INT32_MAX) {
    return Refuse(Status::kBadExec, at, "relocation against no place");
  }
  if (relocation.type == elf::kRelocation64 &&
      insns_[at].opcode == isa::kLdImm64Opcode &&
      at + 1 < function.at + function.count) {
    return RelocateConstant(at, *symbol);
  }
  if (relocation.type == elf::kRelocationCall &&
      insns_[at].opcode == isa::kCallOpcode) {
    return RelocateCall(at, *symbol);
  }
  return Refuse(Status::kBadExec, at,
                "relocation type does not fit the instruction");
}

Status ProgramLinker::RelocateExtern(uint32_t at, const elf::Symbol& symbol,
                                     bool is_call) {
  const Result<Extern> found = FindExtern(object_, symbol, kernel_, log_);
  if (!found.ok()) {
    return Refuse(found.status(), at, "refers to an extern symbol");
  }
  return is_call ? RelocateExternCall(
                       at, object_.elf().NameOf(symbol).ValueOr(""), *found)
                 : RelocateExternConstant(at, *found);
}

Status ProgramLinker::RelocateExternCall(uint32_t at, StringView name,
                                         const Extern& found) {
  isa::Insn& insn = insns_[at];
  insn.offset = 0;  // of the kernel itself, no module's
  if (found.kind == Extern::Kind::kFunction) {
    insn.src = isa::kCallKernel;
    insn.imm = static_cast<int32_t>(found.id);
    return Status::kOk;
  }
  if (found.kind == Extern::Kind::kMissing) {
    // No helper has this number: the verifier says so if it comes there.
    insn.src = isa::kCallHelper;
    insn.imm = kMissingKfunc;
    return Status::kOk;
  }
  log_.Put("extern '").Put(name).Put("': ");
  return Refuse(Status::kInvalid, at, "call to what is no function");
}

Status ProgramLinker::RelocateExternConstant(uint32_t at, const Extern& found) {
  isa::Insn& low = insns_[at];
  isa::Insn& high = insns_[at + 1];
  uint64_t value = 0;
  switch (found.kind) {
    case Extern::Kind::kMissing:
      low.src = isa::kPseudoNone;
      break;
    case Extern::Kind::kFunction:
    case Extern::Kind::kVariable:
      low.src = isa::kPseudoBtfId;
      value = found.id;
      break;
    case Extern::Kind::kAddress:
      low.src = isa::kPseudoNone;
      value = found.value;
      break;
    case Extern::Kind::kKconfig:
      for (size_t i = 0; i < object_.maps().size(); ++i) {
        if (object_.maps()[i].name == kKconfigName) {
          low.src = isa::kPseudoMapValue;
          value = found.value << 32 | static_cast<uint32_t>(map_fds_[i]);
        }
      }
      break;
  }
  low.imm = static_cast<int32_t>(static_cast<uint32_t>(value));
  high.imm = static_cast<int32_t>(static_cast<uint32_t>(value >> 32));
  return Status::kOk;
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
  const bool is_arena =
      is_data &&
      EBPF_TRY(object_.elf().SectionAt(symbol.section)).name == kArenaSection;
  for (size_t i = 0; i < object_.maps().size(); ++i) {
    const MapDefinition& map = object_.maps()[i];
    const bool is_it = is_arena ? map.spec.type == MapType::kArena
                                : map.section == symbol.section &&
                                      (is_data || map.offset == symbol.value);
    if (!is_it) {
      continue;
    }
    if (is_data) {
      const int64_t offset =
          static_cast<int64_t>(symbol.value) + insns_[at].imm;
      if (offset < 0 || (!is_arena && offset > map.spec.value_size)) {
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
