// SPDX-License-Identifier: MIT
//
// core/loader/kconfig.h's implementation.
#include "core/loader/kconfig.h"

#include "core/base/bits.h"
#include "core/base/memory.h"

namespace ebpf::loader {
namespace {

/// More options, or longer ones, no object has.
constexpr uint32_t kMaxOptions = 256;
constexpr uint32_t kMaxOptionSize = 4096;

struct Option {
  btf::TypeId variable;
  StringView name;
  uint32_t offset;
  uint32_t size;
};

/// The section's type; kNotFound.
Result<btf::Type> FindSection(const btf::Btf& btf) {
  const btf::TypeId id =
      EBPF_TRY(btf.Find(btf::Kind::kDataSection, kKconfigName));
  const btf::Type section = EBPF_TRY(btf.TypeAt(id));
  if (section.member_count > kMaxOptions) {
    return Status::kInvalid;
  }
  return section;
}

/// Option `index`, which comes after `end` bytes; moves `end` on.
Result<Option> NextOption(const btf::Btf& btf, const btf::Type& section,
                          uint32_t index, uint32_t& end) {
  const btf::TypeId id = btf::Btf::VariableAt(section, index).type;
  const btf::Type variable = EBPF_TRY(btf.TypeAt(id));
  if (variable.kind != btf::Kind::kVariable) {
    return Status::kInvalid;
  }
  const uint32_t size = EBPF_TRY(btf.SizeOf(variable.size_or_type));
  if (size == 0 || size > kMaxOptionSize) {
    return Status::kInvalid;
  }
  const uint32_t align = size < 8 && (size & (size - 1)) == 0 ? size : 8;
  const uint32_t offset = (end + align - 1) / align * align;
  if (offset > (uint32_t{1} << 20)) {
    return Status::kInvalid;
  }
  end = offset + size;
  return Option{id, EBPF_TRY(btf.Name(variable.name)), offset, size};
}

void PutNumber(Bytes contents, const Option& option, uint64_t value) {
  CopyBytes(contents.data() + option.offset, &value,
            Min<size_t>(option.size, sizeof(value)));
}

}  // namespace

Result<uint32_t> KconfigSize(const btf::Btf& btf) {
  const Result<btf::Type> section = FindSection(btf);
  uint32_t end = 0;
  if (section.status() == Status::kNotFound) {
    return end;
  }
  EBPF_TRY(section.status());
  for (uint32_t i = 0; i < section->member_count; ++i) {
    EBPF_TRY(NextOption(btf, *section, i, end).status());
  }
  return end;
}

Result<uint32_t> KconfigOffset(const btf::Btf& btf, btf::TypeId variable) {
  const btf::Type section = EBPF_TRY(FindSection(btf));
  uint32_t end = 0;
  for (uint32_t i = 0; i < section.member_count; ++i) {
    const Option option = EBPF_TRY(NextOption(btf, section, i, end));
    if (option.variable == variable) {
      return uint32_t{option.offset};
    }
  }
  return Status::kNotFound;
}

Status FillKconfig(const btf::Btf& btf, const Kernel& kernel, Bytes contents,
                   TextWriter& log) {
  const btf::Type section = EBPF_TRY(FindSection(btf));
  uint32_t end = 0;
  for (uint32_t i = 0; i < section.member_count; ++i) {
    const Option option = EBPF_TRY(NextOption(btf, section, i, end));
    if (end > contents.size()) {
      return Status::kInvalid;
    }
    if (option.name == "LINUX_KERNEL_VERSION") {
      PutNumber(contents, option, kernel.version);
    } else if (option.name == "LINUX_HAS_SYSCALL_WRAPPER") {
      PutNumber(contents, option, 1);
    } else {
      log.Put("kconfig '").Put(option.name).Put("': taken as not set\n");
    }
  }
  return Status::kOk;
}

}  // namespace ebpf::loader
