// SPDX-License-Identifier: MIT
//
// core/loader/program_info.h's implementation.
#include "core/loader/program_info.h"

#include "core/base/memory.h"

namespace ebpf::loader {
namespace {

/// The record as bpf(2) takes it, with `insn` for its place.
template <typename Record>
Record Moved(ConstBytes bytes, uint32_t insn) {
  Record record = LoadUnaligned<Record>(bytes.data());
  record.insn = insn;
  return record;
}

/// Appends the records of `function`.
template <typename Record>
Status AppendRecords(const ExtRecords& from, const LinkedFunction& function,
                     Vector<Record>& records) {
  for (uint32_t i = from.FirstFrom(function.first_insn); i < from.count();
       ++i) {
    const uint32_t insn = from.InsnAt(i) - function.first_insn;
    if (insn >= function.count) {
      break;
    }
    EBPF_TRY(
        records.PushBack(Moved<Record>(from.RecordAt(i), function.at + insn)));
  }
  return Status::kOk;
}

/// The records of the sections that a program's functions come from: the
/// entry's and ".text".
class SectionRecords {
 public:
  Status Find(const ObjectFile& object, btf::ExtTable table, uint32_t entry) {
    entry_ = entry;
    of_entry_ = EBPF_TRY(ExtRecords::Find(object, table, entry));
    of_text_ = EBPF_TRY(ExtRecords::Find(object, table, object.text_section()));
    return Status::kOk;
  }
  const ExtRecords& Of(uint32_t section) const {
    return section == entry_ ? of_entry_ : of_text_;
  }

 private:
  uint32_t entry_ = 0;
  ExtRecords of_entry_;
  ExtRecords of_text_;
};

}  // namespace

Result<ExtRecords> ExtRecords::Find(const ObjectFile& object,
                                    btf::ExtTable table, uint32_t section) {
  ExtRecords records;
  if (object.btf_ext() == nullptr || object.btf() == nullptr ||
      section >= object.elf().section_count()) {
    return records;
  }
  const StringView name = EBPF_TRY(object.elf().SectionAt(section)).name;
  size_t at = 0;
  for (;;) {
    const Result<btf::ExtSection> found =
        object.btf_ext()->NextSection(table, at);
    if (found.status() == Status::kNotFound) {
      return records;
    }
    EBPF_TRY(found.status());
    if (EBPF_TRY(object.btf()->Name(found->name)) == name) {
      records.section_ = *found;
      break;
    }
  }
  for (uint32_t i = 0; i < records.count(); ++i) {
    const auto offset = LoadUnaligned<uint32_t>(records.RecordAt(i).data());
    if (offset % sizeof(isa::Insn) != 0 ||
        (i != 0 && records.InsnAt(i) <= records.InsnAt(i - 1))) {
      return Status::kInvalid;
    }
  }
  return records;
}

uint32_t ExtRecords::InsnAt(uint32_t index) const {
  return LoadUnaligned<uint32_t>(RecordAt(index).data()) / sizeof(isa::Insn);
}

uint32_t ExtRecords::FirstFrom(uint64_t insn) const {
  uint32_t low = 0;
  uint32_t high = count();
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (InsnAt(middle) < insn) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

Status ProgramInfo::Read(const ObjectFile& object,
                         Span<const LinkedFunction> functions) {
  SectionRecords of_functions;
  SectionRecords of_lines;
  const uint32_t entry = functions[0].section;
  EBPF_TRY(of_functions.Find(object, btf::ExtTable::kFunctions, entry));
  EBPF_TRY(of_lines.Find(object, btf::ExtTable::kLines, entry));
  is_complete_ = true;
  for (const LinkedFunction& function : functions) {
    const size_t before = functions_.size();
    EBPF_TRY(
        AppendRecords(of_functions.Of(function.section), function, functions_));
    EBPF_TRY(AppendRecords(of_lines.Of(function.section), function, lines_));
    is_complete_ = is_complete_ && functions_.size() == before + 1;
  }
  return Status::kOk;
}

FieldRelocator::~FieldRelocator() {
  if (relocator_ != nullptr) {
    allocator_.Delete(relocator_);
  }
}

Status FieldRelocator::Relocate(const ExtRecords& records,
                                const LinkedFunction& function,
                                isa::Insns insns) {
  uint32_t i = records.FirstFrom(function.first_insn);
  const auto is_of_function = [&] {
    return i < records.count() &&
           records.InsnAt(i) - function.first_insn < function.count;
  };
  if (!is_of_function()) {
    return Status::kOk;
  }
  if (kernel_ == nullptr) {
    log_.Put("CO-RE: the kernel's BTF is needed, and not there\n");
    return Status::kNotFound;
  }
  if (relocator_ == nullptr) {
    relocator_ = EBPF_TRY(
        allocator_.New<btf::CoreRelocator>(*object_.btf(), *kernel_, &log_));
  }
  const Bytes code(reinterpret_cast<uint8_t*>(insns.data()),
                   insns.size() * sizeof(isa::Insn));
  for (; is_of_function(); ++i) {
    auto record =
        LoadUnaligned<btf::CoreRelocation>(records.RecordAt(i).data());
    record.insn_offset =
        (records.InsnAt(i) - function.first_insn) * sizeof(isa::Insn);
    EBPF_TRY(relocator_->Apply(record, code));
  }
  return Status::kOk;
}

}  // namespace ebpf::loader
