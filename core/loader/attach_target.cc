// SPDX-License-Identifier: MIT
//
// core/loader/attach_target.h's implementation.
#include "core/loader/attach_target.h"

#include "core/loader/struct_ops.h"

namespace ebpf::loader {
namespace {

/// Longer names no kernel has.
constexpr size_t kMaxTargetSize = 256;

struct Naming {
  StringView prefix;
  btf::Kind kind;
};

Naming NamingOf(SectionTarget target) {
  switch (target) {
    case SectionTarget::kTypedef:
      return {"btf_trace_", btf::Kind::kTypedef};
    case SectionTarget::kLsm:
      return {"bpf_lsm_", btf::Kind::kFunction};
    case SectionTarget::kIterator:
      return {"bpf_iter_", btf::Kind::kFunction};
    default:
      return {"", btf::Kind::kFunction};
  }
}

bool IsByBtf(SectionTarget target) {
  return target == SectionTarget::kBtf || target == SectionTarget::kTypedef ||
         target == SectionTarget::kLsm || target == SectionTarget::kIterator;
}

Result<btf::TypeId> FindTarget(const ProgramSection& section,
                               const Kernel& kernel) {
  if (kernel.btf == nullptr) {
    return Status::kNotFound;
  }
  const Naming naming = NamingOf(section.target);
  char text[kMaxTargetSize];
  TextWriter writer(text, sizeof(text));
  writer.Put(naming.prefix).Put(section.function);
  if (writer.truncated()) {
    return Status::kNotFound;
  }
  return kernel.btf->Find(naming.kind, writer.text());
}

}  // namespace

Status SetTarget(const ObjectFile& object, const ProgramDefinition& program,
                 const Kernel& kernel, linux_abi::ProgLoadAttr& attr,
                 TextWriter& log) {
  const ProgramSection& section = program.section;
  attr.prog_type = static_cast<uint32_t>(section.type);
  attr.expected_attach_type = section.attach_type;
  attr.prog_flags |= section.sleepable ? linux_abi::kProgSleepable : 0u;
  attr.prog_flags |= section.has_frags ? linux_abi::kProgXdpHasFrags : 0u;
  if (section.type == ProgramTypeId::kStructOps) {
    const Operation operation =
        EBPF_TRY(FindOperation(object, program, kernel, log));
    attr.attach_btf_id = operation.table;
    attr.expected_attach_type = operation.member;
    return Status::kOk;
  }
  if (!IsByBtf(section.target) || section.function.empty()) {
    return Status::kOk;
  }
  const Result<btf::TypeId> target = FindTarget(section, kernel);
  if (!target.ok()) {
    log.Put("program '").Put(program.name).Put("': the kernel's BTF has no '");
    log.Put(section.function).Put("' to attach to\n");
    return target.status();
  }
  attr.attach_btf_id = *target;
  return Status::kOk;
}

}  // namespace ebpf::loader
