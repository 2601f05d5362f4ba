// SPDX-License-Identifier: MIT
//
// core/loader/struct_ops.h's implementation.
#include "core/loader/struct_ops.h"

namespace ebpf::loader {
namespace {

/// The byte of the section that holds the program's address.
Result<uint64_t> FindReference(const ObjectFile& object,
                               const ProgramDefinition& program) {
  const uint32_t at = object.RelocationsOf(object.struct_ops_section());
  if (at == 0) {
    return Status::kNotFound;
  }
  const elf::Section relocations = EBPF_TRY(object.elf().SectionAt(at));
  const uint32_t count = elf::ElfReader::RelocationCount(relocations);
  for (uint32_t i = 0; i < count; ++i) {
    const elf::Relocation relocation =
        elf::ElfReader::RelocationAt(relocations, i);
    const Result<elf::Symbol> symbol = object.elf().SymbolAt(relocation.symbol);
    if (symbol.ok() && symbol->section == program.section_index &&
        symbol->value / sizeof(isa::Insn) == program.first_insn) {
      return relocation.offset;
    }
  }
  return Status::kNotFound;
}

/// The variable of `section` that covers byte `at`, by its symbol.
Result<elf::Symbol> FindVariable(const ObjectFile& object, uint32_t section,
                                 uint64_t at) {
  for (uint32_t i = 0; i < object.elf().symbol_count(); ++i) {
    const Result<elf::Symbol> symbol = object.elf().SymbolAt(i);
    if (symbol.ok() && symbol->section == section &&
        symbol->type == elf::kSymbolObject && at >= symbol->value &&
        at - symbol->value < symbol->size) {
      return *symbol;
    }
  }
  return Status::kNotFound;
}

/// The name of the member of `type` that begins at `offset`.
Result<StringView> NameAt(const btf::Btf& btf, const btf::Type& type,
                          uint64_t offset) {
  for (uint32_t i = 0; i < type.member_count; ++i) {
    const btf::Member member = btf::Btf::MemberAt(type, i);
    if (uint64_t{member.bit_offset} == offset * 8) {
      return btf.Name(member.name);
    }
  }
  return Status::kNotFound;
}

Result<Operation> FindInKernel(const btf::Btf& kernel, StringView table,
                               StringView operation) {
  const btf::TypeId id =
      EBPF_TRY(kernel.Find(btf::Kind::kStruct, btf::EssentialName(table)));
  const btf::Type type = EBPF_TRY(kernel.TypeAt(id));
  for (uint32_t i = 0; i < type.member_count; ++i) {
    const btf::Member member = btf::Btf::MemberAt(type, i);
    if (EBPF_TRY(kernel.Name(member.name)) == btf::EssentialName(operation)) {
      return Operation{id, i};
    }
  }
  return Status::kNotFound;
}

Result<Operation> Find(const ObjectFile& object,
                       const ProgramDefinition& program, const Kernel& kernel) {
  if (object.struct_ops_section() == 0 || object.btf() == nullptr ||
      kernel.btf == nullptr) {
    return Status::kNotFound;
  }
  const btf::Btf& btf = *object.btf();
  const uint64_t at = EBPF_TRY(FindReference(object, program));
  const elf::Symbol symbol =
      EBPF_TRY(FindVariable(object, object.struct_ops_section(), at));
  const StringView name = EBPF_TRY(object.elf().NameOf(symbol));
  const btf::TypeId variable_id =
      EBPF_TRY(btf.Find(btf::Kind::kVariable, name));
  const btf::Type variable = EBPF_TRY(btf.TypeAt(variable_id));
  const btf::Type type = EBPF_TRY(btf.Resolve(variable.size_or_type));
  if (type.kind != btf::Kind::kStruct) {
    return Status::kInvalid;
  }
  const StringView operation = EBPF_TRY(NameAt(btf, type, at - symbol.value));
  const StringView type_name = EBPF_TRY(btf.Name(type.name));
  return FindInKernel(*kernel.btf, type_name, operation);
}

}  // namespace

Result<Operation> FindOperation(const ObjectFile& object,
                                const ProgramDefinition& program,
                                const Kernel& kernel, TextWriter& log) {
  Result<Operation> found = Find(object, program, kernel);
  if (!found.ok()) {
    log.Put("program '").Put(program.name);
    log.Put("': implements no operation that the kernel has\n");
  }
  return found;
}

}  // namespace ebpf::loader
