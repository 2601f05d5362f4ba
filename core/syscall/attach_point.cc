// SPDX-License-Identifier: MIT
//
// core/syscall/attach_point.h's implementation.
#include "core/syscall/attach_point.h"

#include "core/files/btf_file.h"
#include "core/files/judged_program_file.h"

namespace ebpf {
namespace {

/// Types of program that name what they are for by BTF.
bool TakesTarget(ProgramTypeId type) {
  switch (type) {
    case ProgramTypeId::kTracing:
    case ProgramTypeId::kLsm:
    case ProgramTypeId::kStructOps:
    case ProgramTypeId::kExt:
      return true;
    default:
      return false;
  }
}

/// The types behind attach_prog_fd, which Linux also calls attach_btf_obj_fd.
Status ReadOwner(const Call& call, const linux_abi::ProgLoadAttr& attr,
                 const ProgramType& type, AttachPoint& point) {
  Result<Ref<File>> file =
      call.client.fds().Get(static_cast<int32_t>(attr.attach_prog_fd));
  if (!file.ok()) {
    return Status::kInvalid;
  }
  if (const BtfFile* types = (*file)->AsBtf()) {
    if (types->btf().get() != call.system.kernel_types) {
      return Status::kNotSupported;  // a client's own
    }
    point.target.btf = call.system.kernel.btf;
    return Status::kOk;
  }
  const JudgedProgramFile* program = (*file)->AsJudgedProgram();
  if (program == nullptr ||
      (type.id != ProgramTypeId::kTracing && type.id != ProgramTypeId::kExt)) {
    return Status::kInvalid;
  }
  point.target.btf = program->btf() ? &program->btf()->btf() : nullptr;
  point.owner = Move(*file);
  return Status::kOk;
}

}  // namespace

Result<AttachPoint> FindAttachPoint(const Call& call,
                                    const linux_abi::ProgLoadAttr& attr,
                                    const ProgramType& type) {
  AttachPoint point;
  if (attr.attach_prog_fd != 0) {
    EBPF_TRY(ReadOwner(call, attr, type, point));
  } else if (attr.attach_btf_id != 0) {
    if (call.system.kernel.btf == nullptr) {
      return Status::kInvalid;
    }
    point.target.btf = call.system.kernel.btf;
  }
  if (attr.attach_btf_id != 0 && !TakesTarget(type.id)) {
    return Status::kInvalid;
  }
  point.target.type_id = attr.attach_btf_id;
  point.type = EffectiveAttachType(type.id, attr.expected_attach_type);
  if (!AcceptsAttachType(type, point.type)) {
    return Status::kInvalid;
  }
  return point;
}

}  // namespace ebpf
