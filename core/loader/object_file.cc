// SPDX-License-Identifier: MIT
//
// core/loader/object_file.h's implementation.
#include "core/loader/object_file.h"

#include "core/base/memory.h"
#include "core/linux_abi/bpf.h"
#include "core/loader/kconfig.h"

namespace ebpf::loader {
namespace {

bool IsGlobalData(StringView name) {
  static constexpr StringView kKinds[] = {".rodata", ".data", ".bss"};
  for (StringView kind : kKinds) {
    if (name.StartsWith(kind)) {
      const StringView rest = name.Substring(kind.size());
      if (rest.empty() || rest[0] == '.') {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

ObjectFile::ObjectFile(Allocator& allocator)
    : allocator_(allocator),
      relocations_(allocator),
      text_functions_(allocator),
      programs_(allocator),
      maps_(allocator) {}

Status ObjectFile::Read(ConstBytes file, TextWriter& log) {
  Result<elf::ElfReader> elf = elf::ElfReader::Open(file);
  if (!elf.ok()) {
    log.Put("ELF: not a relocatable eBPF object, or malformed\n");
    return elf.status();
  }
  elf_ = *elf;
  text_section_ = elf_->section_count();
  EBPF_TRY(ReadSections(log));
  EBPF_TRY(ReadMaps(log));
  return ReadFunctions(log);
}

Status ObjectFile::ReadSections(TextWriter& log) {
  for (uint32_t i = 1; i < elf_->section_count(); ++i) {
    Result<elf::Section> section = elf_->SectionAt(i);
    if (!section.ok()) {
      log.Put("ELF: section ").PutUnsigned(i).Put(" is malformed\n");
      return section.status();
    }
    EBPF_TRY(ReadSection(i, *section, log));
  }
  return Status::kOk;
}

Status ObjectFile::ReadSection(uint32_t index, const elf::Section& section,
                               TextWriter& log) {
  if (section.type == elf::kSectionRel || section.type == elf::kSectionRela) {
    return ReadRelocations(index, section, log);
  }
  if (section.name == ".text") {
    text_section_ = index;
  } else if (section.name == ".maps") {
    maps_section_ = index;
  } else if (section.name == "license") {
    license_ = StringView::FromField(
        reinterpret_cast<const char*>(section.data.data()),
        section.data.size());
  } else if (section.name == ".struct_ops" ||
             section.name == ".struct_ops.link") {
    struct_ops_section_ = index;
  } else if (section.name == "maps") {
    log.Put("ELF: legacy map definitions in 'maps' are not supported\n");
    return Status::kNotSupported;
  } else if (section.name == ".BTF") {
    return ReadBtf(section.data, log);
  } else if (section.name == ".BTF.ext") {
    return ReadBtfExt(section.data, log);
  } else if (IsGlobalData(section.name) &&
             (section.flags & elf::kFlagAlloc) != 0 && section.size != 0) {
    return AddGlobalData(index, section, log);
  }
  return Status::kOk;
}

Status ObjectFile::ReadRelocations(uint32_t index, const elf::Section& section,
                                   TextWriter& log) {
  if (relocations_.span().empty()) {
    EBPF_TRY(relocations_.Allocate(elf_->section_count()));
  }
  // clang makes one section of them for each that has some, without addends.
  if (section.type == elf::kSectionRela ||
      section.info >= elf_->section_count() ||
      relocations_[section.info] != 0) {
    log.Put("ELF: relocations in '").Put(section.name).Put("' are malformed\n");
    return Status::kBadExec;
  }
  relocations_[section.info] = index;
  return Status::kOk;
}

Status ObjectFile::ReadBtf(ConstBytes bytes, TextWriter& log) {
  if (btf_.get() != nullptr) {
    log.Put("BTF: malformed\n");
    return Status::kInvalid;
  }
  Result<Ref<btf::BtfObject>> btf = btf::BtfObject::Create(bytes, allocator_);
  if (!btf.ok()) {
    log.Put("BTF: a type, a name or a reference is malformed\n");
    return btf.status();
  }
  btf_ = Move(*btf);
  btf_bytes_ = btf_->bytes();
  return Status::kOk;
}

Status ObjectFile::ReadBtfExt(ConstBytes bytes, TextWriter& log) {
  const Result<btf::BtfExt> ext = btf::BtfExt::Open(bytes);
  if (!ext.ok()) {
    log.Put("BTF.ext: malformed\n");
    return ext.status();
  }
  btf_ext_ = *ext;
  return Status::kOk;
}

Status ObjectFile::AddGlobalData(uint32_t index, const elf::Section& section,
                                 TextWriter& log) {
  if (section.size > UINT32_MAX || maps_.size() == kMaxMaps) {
    log.Put("ELF: section '").Put(section.name);
    log.Put("' is too large, or one too many\n");
    return Status::kTooBig;
  }
  MapDefinition map{};
  map.name = section.name;
  map.section = index;
  map.spec.type = MapType::kArray;
  map.spec.key_size = sizeof(uint32_t);
  map.spec.value_size = static_cast<uint32_t>(section.size);
  map.spec.max_entries = 1;
  map.spec.flags = linux_abi::kMapMmapable;
  if (section.name.StartsWith(".rodata")) {
    map.spec.flags |= linux_abi::kMapReadOnlyProg;
  }
  map.contents = section.data;
  SetObjectName(map.spec.name, section.name);
  return maps_.PushBack(map);
}

Status ObjectFile::AddKconfig(TextWriter& log) {
  if (btf() == nullptr) {
    return Status::kOk;
  }
  const Result<uint32_t> size = KconfigSize(*btf());
  if (!size.ok()) {
    log.Put("BTF: an option in .kconfig is malformed\n");
    return size.status();
  }
  if (*size == 0) {
    return Status::kOk;
  }
  MapDefinition map{};
  map.name = kKconfigName;
  map.section = elf::kUndefined;
  map.spec.type = MapType::kArray;
  map.spec.key_size = sizeof(uint32_t);
  map.spec.value_size = *size;
  map.spec.max_entries = 1;
  map.spec.flags = linux_abi::kMapMmapable | linux_abi::kMapReadOnlyProg;
  SetObjectName(map.spec.name, map.name);
  return maps_.PushBack(map);
}

Status ObjectFile::ReadMaps(TextWriter& log) {
  if (maps_section_ != 0) {
    Result<btf::TypeId> id = Status::kNotFound;
    if (btf() != nullptr) {
      id = btf()->Find(btf::Kind::kDataSection, ".maps");
    }
    if (!id.ok()) {
      log.Put("BTF: no types for section .maps; compile with -g\n");
      return Status::kInvalid;
    }
    const btf::Type type = EBPF_TRY(btf()->TypeAt(*id));
    const size_t first = maps_.size();
    EBPF_TRY(ReadMapDefinitions(*btf(), type, maps_section_, maps_, log));
    EBPF_TRY(PlaceMaps(first, log));
  }
  EBPF_TRY(AddKconfig(log));
  if (maps_.size() > kMaxMaps) {
    log.Put("more than ").PutUnsigned(kMaxMaps).Put(" maps\n");
    return Status::kTooBig;
  }
  for (MapDefinition& map : maps_) {
    // What kinds of variables there are, special ones among them.
    if (map.section != maps_section_ && btf() != nullptr) {
      map.value_type =
          btf()->Find(btf::Kind::kDataSection, map.name).ValueOr(0u);
    }
    // As libbpf: they stay zeros.
    if (map.section != maps_section_ && RelocationsOf(map.section) != 0) {
      log.Put("map '").Put(map.name);
      log.Put("': addresses in its contents are not filled in\n");
    }
  }
  return Status::kOk;
}

Status ObjectFile::PlaceMaps(size_t first, TextWriter& log) {
  const Span<MapDefinition> maps = maps_.span().Subspan(first);
  // BTF gives offsets only after linking; the symbols have them.
  for (uint32_t i = 0; i < elf_->symbol_count(); ++i) {
    const Result<elf::Symbol> symbol = elf_->SymbolAt(i);
    if (symbol.ok() && symbol->section == maps_section_ &&
        symbol->type == elf::kSymbolObject) {
      EBPF_TRY(PlaceMap(*symbol, maps, log));
    }
  }
  for (const MapDefinition& map : maps) {
    if (map.offset == MapDefinition::kNoPlace) {
      log.Put("map '").Put(map.name).Put("': has no symbol in .maps\n");
      return Status::kBadExec;
    }
  }
  return Status::kOk;
}

Status ObjectFile::PlaceMap(const elf::Symbol& symbol, Span<MapDefinition> maps,
                            TextWriter& log) {
  const Result<StringView> name = elf_->NameOf(symbol);
  for (MapDefinition& map : maps) {
    if (name.ok() && map.name == *name &&
        map.offset == MapDefinition::kNoPlace &&
        symbol.value != MapDefinition::kNoPlace) {
      map.offset = symbol.value;
      return Status::kOk;
    }
  }
  // Also what ends the search in a file with any number of such symbols.
  log.Put("ELF: a symbol in .maps is no map of the BTF's\n");
  return Status::kBadExec;
}

Status ObjectFile::ReadFunctions(TextWriter& log) {
  ConstBytes text;
  if (text_section_ < elf_->section_count()) {
    text = EBPF_TRY(elf_->SectionAt(text_section_)).data;
  }
  EBPF_TRY(text_functions_.Allocate(text.size() / sizeof(isa::Insn)));
  for (uint32_t i = 0; i < elf_->symbol_count(); ++i) {
    const Result<elf::Symbol> symbol = elf_->SymbolAt(i);
    if (!symbol.ok()) {
      log.Put("ELF: symbol ").PutUnsigned(i).Put(" is malformed\n");
      return symbol.status();
    }
    if (symbol->type != elf::kSymbolFunction ||
        symbol->section == elf::kUndefined ||
        symbol->section >= elf::kFirstReserved) {
      continue;
    }
    // A function outside .text is an entry; those in it are called by others.
    if (symbol->section == text_section_) {
      AddSubprogram(*symbol, text);
    } else {
      EBPF_TRY(AddProgram(*symbol, log));
    }
  }
  if (programs_.empty()) {
    log.Put("ELF: no programs\n");
    return Status::kBadExec;
  }
  return Status::kOk;
}

void ObjectFile::AddSubprogram(const elf::Symbol& symbol, ConstBytes text) {
  // A malformed one is missed when it is called.
  if (symbol.value % sizeof(isa::Insn) == 0 &&
      symbol.size % sizeof(isa::Insn) == 0 && symbol.size != 0 &&
      text.Contains(symbol.value, symbol.size)) {
    text_functions_[symbol.value / sizeof(isa::Insn)] = static_cast<uint32_t>(
        Min<uint64_t>(symbol.size / sizeof(isa::Insn), UINT32_MAX));
  }
}

uint32_t ObjectFile::TextFunctionSize(uint64_t insn) const {
  return insn < text_functions_.span().size() ? text_functions_[insn] : 0;
}

Status ObjectFile::AddProgram(const elf::Symbol& symbol, TextWriter& log) {
  const elf::Section section = EBPF_TRY(elf_->SectionAt(symbol.section));
  const Result<StringView> name = elf_->NameOf(symbol);
  if (!name.ok()) {
    log.Put("ELF: the name of a program is malformed\n");
    return name.status();
  }
  log.Put("program '").Put(*name).Put("': ");
  if (programs_.size() == kMaxPrograms) {
    log.Put("more than ").PutUnsigned(kMaxPrograms).Put(" programs\n");
    return Status::kTooBig;
  }
  if ((section.flags & elf::kFlagExec) == 0 ||
      !section.data.Contains(symbol.value, symbol.size) ||
      symbol.value % sizeof(isa::Insn) != 0 || symbol.size == 0 ||
      symbol.size % sizeof(isa::Insn) != 0) {
    log.Put("its symbol does not lie on instructions of '");
    log.Put(section.name).Put("'\n");
    return Status::kBadExec;
  }
  Result<ProgramSection> parsed = ParseProgramSection(section.name);
  if (!parsed.ok()) {
    log.Put("section name '").Put(section.name);
    log.Put(parsed.status() == Status::kInvalid ? "' is malformed\n"
                                                : "' is unknown\n");
    return Status::kInvalid;
  }
  log.Put("section '").Put(section.name).Put("'\n");
  ProgramDefinition program;
  program.name = *name;
  program.section_name = section.name;
  program.section = *parsed;
  program.section_index = symbol.section;
  program.first_insn = static_cast<uint32_t>(symbol.value / sizeof(isa::Insn));
  program.insn_count = static_cast<uint32_t>(symbol.size / sizeof(isa::Insn));
  return programs_.PushBack(program);
}

}  // namespace ebpf::loader
