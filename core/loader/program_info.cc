// SPDX-License-Identifier: MIT
//
// core/loader/program_info.h's implementation.
#include "core/loader/program_info.h"

#include "core/base/memory.h"

namespace ebpf::loader {
namespace {

/// Calls `visit(record)` for each record of `function` in `table`, with the
/// record's first word turned into the instruction's number in the function.
template <typename Record, typename Visit>
Status ForEachRecord(const ObjectFile& object, const LinkedFunction& function,
                     btf::ExtTable table, Visit visit) {
  if (object.btf_ext() == nullptr || object.btf() == nullptr) {
    return Status::kOk;
  }
  const StringView name =
      EBPF_TRY(object.elf().SectionAt(function.section)).name;
  size_t at = 0;
  for (;;) {
    const Result<btf::ExtSection> section =
        object.btf_ext()->NextSection(table, at);
    if (section.status() == Status::kNotFound) {
      return Status::kOk;
    }
    EBPF_TRY(section.status());
    if (EBPF_TRY(object.btf()->Name(section->name)) != name) {
      continue;
    }
    for (uint32_t i = 0; i < section->record_count; ++i) {
      Record record = LoadUnaligned<Record>(section->RecordAt(i).data());
      uint32_t first = 0;
      CopyBytes(&first, &record, sizeof(first));
      const uint32_t insn = first / sizeof(isa::Insn);
      if (first % sizeof(isa::Insn) == 0 && insn >= function.first_insn &&
          insn - function.first_insn < function.count) {
        EBPF_TRY(visit(record, insn - function.first_insn));
      }
    }
  }
}

}  // namespace

Status AppendFunctionRecords(const ObjectFile& object,
                             const LinkedFunction& function,
                             Vector<FunctionRecord>& records) {
  return ForEachRecord<FunctionRecord>(
      object, function, btf::ExtTable::kFunctions,
      [&](FunctionRecord record, uint32_t insn) {
        record.insn = function.at + insn;
        return records.PushBack(record);
      });
}

Status AppendLineRecords(const ObjectFile& object,
                         const LinkedFunction& function,
                         Vector<LineRecord>& records) {
  return ForEachRecord<LineRecord>(object, function, btf::ExtTable::kLines,
                                   [&](LineRecord record, uint32_t insn) {
                                     record.insn = function.at + insn;
                                     return records.PushBack(record);
                                   });
}

Status RelocateFields(const ObjectFile& object, const LinkedFunction& function,
                      const btf::Btf* kernel, isa::Insns insns,
                      Allocator& allocator, TextWriter& log) {
  btf::CoreRelocator* relocator = nullptr;
  const Bytes code(reinterpret_cast<uint8_t*>(insns.data()),
                   insns.size() * sizeof(isa::Insn));
  const Status status = ForEachRecord<btf::CoreRelocation>(
      object, function, btf::ExtTable::kRelocations,
      [&](btf::CoreRelocation record, uint32_t insn) -> Status {
        if (kernel == nullptr) {
          log.Put("CO-RE: the kernel's BTF is needed, and not there\n");
          return Status::kNotFound;
        }
        if (relocator == nullptr) {
          relocator = EBPF_TRY(allocator.New<btf::CoreRelocator>(
              *object.btf(), *kernel, &log));
        }
        record.insn_offset = insn * sizeof(isa::Insn);
        return relocator->Apply(record, code);
      });
  if (relocator != nullptr) {
    allocator.Delete(relocator);
  }
  return status;
}

}  // namespace ebpf::loader
