// SPDX-License-Identifier: MIT
//
// core/loader/section_names.h's implementation.
#include "core/loader/section_names.h"

#include "core/base/number_text.h"

namespace ebpf::loader {
namespace {

constexpr uint8_t kFlagNone = 0;
constexpr uint8_t kFlagSleepable = 1;
constexpr uint8_t kFlagFrags = 2;
constexpr uint8_t kFlagAtReturn = 4;

struct Row {
  StringView name;
  SectionTarget target;
  ProgramTypeId type;
  uint32_t attach_type;
  uint8_t flags;
};

// The attach types' names, and the number that says nothing.
namespace attach_words {
#define EBPF_ATTACH_TYPE(number, name) constexpr uint32_t name = number;
#include "core/program_types/attach_types.def"
#undef EBPF_ATTACH_TYPE
constexpr uint32_t Unspecified = 0;
}  // namespace attach_words

constexpr Row kRows[] = {
#define EBPF_SECTION(name, target, type, attach, flags)    \
  {name, SectionTarget::k##target, ProgramTypeId::k##type, \
   attach_words::attach, kFlag##flags},
#include "core/loader/section_names.def"
#undef EBPF_SECTION
};

/// The row for `name`, or null; what follows its "/" in `rest`, with `has_rest`
/// where there is a "/".
const Row* FindRow(StringView name, StringView& rest, bool& has_rest) {
  const Row* found = nullptr;
  for (const Row& row : kRows) {
    const bool is_all = name == row.name;
    const bool goes_on =
        row.target != SectionTarget::kNothing && name.StartsWith(row.name) &&
        name.size() > row.name.size() && name[row.name.size()] == '/';
    if ((is_all || goes_on) &&
        (found == nullptr || found->name.size() < row.name.size())) {
      found = &row;
      has_rest = goes_on;
      rest = goes_on ? name.Substring(row.name.size() + 1) : StringView();
    }
  }
  return found;
}

}  // namespace

Result<ProgramSection> ParseProgramSection(StringView name) {
  ProgramSection section{};
  if (name.StartsWith("?")) {
    section.only_on_demand = true;
    name = name.Substring(1);
  }
  StringView rest;
  bool has_rest = false;
  const Row* row = FindRow(name, rest, has_rest);
  if (row == nullptr) {
    return Status::kNotFound;
  }
  section.type = row->type;
  section.target = row->target;
  section.attach_type = row->attach_type;
  section.sleepable = (row->flags & kFlagSleepable) != 0;
  section.has_frags = (row->flags & kFlagFrags) != 0;
  section.at_return = (row->flags & kFlagAtReturn) != 0;
  section.function = rest;
  if (row->target == SectionTarget::kKprobe ||
      row->target == SectionTarget::kKretprobe) {
    const size_t plus = rest.Find('+');
    section.function = rest.First(plus);
    if (plus < rest.size()) {
      // As libbpf takes offsets.
      if (!ParseUnsigned(rest.Substring(plus + 1), &section.offset)) {
        return Status::kInvalid;
      }
    }
  }
  if (has_rest && section.function.empty()) {
    return Status::kInvalid;
  }
  return section;
}

}  // namespace ebpf::loader
