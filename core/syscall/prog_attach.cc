// SPDX-License-Identifier: MIT
//
// BPF_PROG_ATTACH, BPF_PROG_DETACH and BPF_PROG_QUERY: programs on groups of
// tasks. What else Linux attaches programs to is not here, and is answered as
// if the one that the client names did not exist.
#include "core/linux_abi/bpf_attach.h"
#include "core/memory/buffer.h"
#include "core/syscall/attach_hook.h"

namespace ebpf {
namespace {

using linux_abi::ProgAttachAttr;
using linux_abi::ProgQueryAttr;

constexpr uint32_t kCgroupFlags = linux_abi::kAttachAllowOverride |
                                  linux_abi::kAttachAllowMulti |
                                  linux_abi::kAttachReplace;

constexpr uint32_t kDeviceFlags =
    linux_abi::kAttachReplace | linux_abi::kAttachBefore |
    linux_abi::kAttachAfter | linux_abi::kAttachId;

Status AttachToGroup(const Call& call, const ProgAttachAttr& attr,
                     Ref<Program> program) {
  Ref<Program> replaced;
  constexpr uint32_t kReplaces =
      linux_abi::kAttachAllowMulti | linux_abi::kAttachReplace;
  CgroupPlace place =
      EBPF_TRY(CgroupPlaceOf(call, attr.target_fd, attr.attach_type));
  if (!AsksCgroups(place.type)) {
    return Status::kInvalid;
  }
  if ((attr.attach_flags & kReplaces) == kReplaces) {
    replaced = EBPF_TRY(
        ProgramToAttach(call, attr.replace_bpf_fd, program->type().id));
  }
  return AttachToCgroup(place, Move(program), attr.attach_flags, replaced.get(),
                        nullptr, *call.system.allocator);
}

/// No number of a device is one; a pair of virtual devices would have to be of
/// a kind that is not here either.
Status NoDevice(uint32_t attach_type) {
  const auto type = static_cast<AttachType>(attach_type);
  return type == AttachType::kTcxIngress || type == AttachType::kTcxEgress
             ? Status::kNoDevice
             : Status::kInvalid;
}

Status CheckAttachFlags(HookKind kind, const ProgAttachAttr& attr) {
  switch (kind) {
    case HookKind::kNone:
      return Status::kInvalid;
    case HookKind::kDevice:
      return (attr.attach_flags & ~kDeviceFlags) == 0 ? Status::kOk
                                                      : Status::kInvalid;
    default:
      return (attr.attach_flags & ~kCgroupFlags) == 0 &&
                     attr.relative_fd == 0 && attr.expected_revision == 0
                 ? Status::kOk
                 : Status::kInvalid;
  }
}

}  // namespace

Result<int> ProgAttach(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<ProgAttachAttr>(raw));
  const AttachHook hook = AttachHookOf(attr.attach_type);
  EBPF_TRY(CheckAttachFlags(hook.kind, attr));
  Ref<Program> program =
      EBPF_TRY(ProgramToAttach(call, attr.attach_bpf_fd, hook.program));
  EBPF_TRY(CheckLoadedFor(*program, attr.attach_type));
  switch (hook.kind) {
    case HookKind::kCgroup:
      EBPF_TRY(AttachToGroup(call, attr, Move(program)));
      return 0;
    case HookKind::kSocketMap:
      return NoSocketMap(call, attr.target_fd);
    case HookKind::kDevice:
      return NoDevice(attr.attach_type);
    default:
      return Status::kInvalid;
  }
}

namespace {

Status DetachFromGroup(const Call& call, const ProgAttachAttr& attr,
                       ProgramTypeId type) {
  CgroupPlace place =
      EBPF_TRY(CgroupPlaceOf(call, attr.target_fd, attr.attach_type));
  // Where there can be only one, it need not be named.
  Result<Ref<Program>> program =
      ProgramToAttach(call, attr.attach_bpf_fd, type);
  return DetachFromCgroup(place, program.ok() ? program->get() : nullptr);
}

}  // namespace

Result<int> ProgDetach(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<ProgAttachAttr>(raw));
  const AttachHook hook = AttachHookOf(attr.attach_type);
  if (hook.kind == HookKind::kDevice) {
    EBPF_TRY(CheckAttachFlags(hook.kind, attr));
  } else if (attr.attach_flags != 0 || attr.relative_fd != 0 ||
             attr.expected_revision != 0) {
    return Status::kInvalid;
  }
  switch (hook.kind) {
    case HookKind::kCgroup:
      EBPF_TRY(DetachFromGroup(call, attr, hook.program));
      return 0;
    case HookKind::kSocketMap: {
      const Status status = NoSocketMap(call, attr.target_fd);
      if (status == Status::kNotSupported) {
        EBPF_TRY(ProgramToAttach(call, attr.attach_bpf_fd, hook.program));
      }
      return status;
    }
    case HookKind::kDevice:
      EBPF_TRY(ProgramToAttach(call, attr.attach_bpf_fd, hook.program));
      return NoDevice(attr.attach_type);
    case HookKind::kLsm:
      EBPF_TRY(CgroupPlaceOf(call, attr.target_fd, attr.attach_type));
      return Status::kInvalid;
    default:
      return Status::kInvalid;
  }
}

namespace {

Status QueryGroup(const Call& call, const ProgQueryAttr& attr) {
  CgroupPlace place =
      EBPF_TRY(CgroupPlaceOf(call, attr.target_fd, attr.attach_type));
  const bool effective = (attr.query_flags & linux_abi::kQueryEffective) != 0;
  if (effective && attr.prog_attach_flags != 0) {
    return Status::kInvalid;
  }
  Buffer<uint32_t> ids(*call.system.allocator);
  const CgroupQuery query = EBPF_TRY(QueryCgroup(place, effective, ids));
  EBPF_TRY(WriteBack(call, offsetof(ProgQueryAttr, attach_flags), query.flags));
  EBPF_TRY(WriteBack(call, offsetof(ProgQueryAttr, prog_cnt), query.count));
  if (attr.prog_cnt == 0 || attr.prog_ids == 0 || query.count == 0) {
    return Status::kOk;
  }
  const uint32_t count = Min(attr.prog_cnt, query.count);
  const Client& client = call.client;
  EBPF_TRY(client.CopyOut(client.Pointer(attr.prog_ids), ids.span().data(),
                          count * sizeof(uint32_t)));
  for (uint32_t i = 0; i < count && attr.prog_attach_flags != 0; ++i) {
    const CallerPtr to =
        client.Pointer(attr.prog_attach_flags).Plus(i * sizeof(uint32_t));
    EBPF_TRY(client.CopyOut(to, &query.flags, sizeof(query.flags)));
  }
  return count < query.count ? Status::kNoSpace : Status::kOk;
}

}  // namespace

Result<int> ProgQuery(const Call& call, const RawAttr& raw) {
  if (!call.client.Capable(linux_abi::kCapNetAdmin)) {
    return Status::kNotPermitted;
  }
  const auto attr = EBPF_TRY(AttrOf<ProgQueryAttr>(raw));
  if ((attr.query_flags & ~linux_abi::kQueryEffective) != 0) {
    return Status::kInvalid;
  }
  const HookKind kind = AttachHookOf(attr.attach_type).kind;
  if (attr.query_flags != 0 &&
      (kind == HookKind::kSocketMap || kind == HookKind::kNetworkNamespace)) {
    return Status::kInvalid;
  }
  switch (kind) {
    case HookKind::kCgroup:
      EBPF_TRY(QueryGroup(call, attr));
      return 0;
    case HookKind::kSocketMap:
      return NoSocketMap(call, attr.target_fd);
    case HookKind::kDevice:
      return NoDevice(attr.attach_type);
    case HookKind::kNetworkNamespace:
      EBPF_TRY(call.client.fds().Get(static_cast<int32_t>(attr.target_fd)));
      return Status::kInvalid;
    default:
      return Status::kInvalid;
  }
}

}  // namespace ebpf
