// SPDX-License-Identifier: MIT
//
// core/syscall/attach_hook.h's implementation.
#include "core/syscall/attach_hook.h"

#include "core/platform/features.h"
#include "core/program_types/type_sets.h"
#include "core/syscall/fd_objects.h"

namespace ebpf {
namespace {

using namespace attach_words;  // NOLINT: the words of the table

struct Row {
  AttachTypeSet types;
  AttachHook hook;
};

constexpr Row kRows[] = {
    {CgroupInetIngress | CgroupInetEgress,
     {ProgramTypeId::kCgroupSkb, HookKind::kCgroup}},
    {SocketLife | PostBind, {ProgramTypeId::kCgroupSock, HookKind::kCgroup}},
    {CgroupSockOps, {ProgramTypeId::kSockOps, HookKind::kCgroup}},
    {CgroupDevice, {ProgramTypeId::kCgroupDevice, HookKind::kCgroup}},
    {SocketAddresses, {ProgramTypeId::kCgroupSockAddr, HookKind::kCgroup}},
    {CgroupSysctl, {ProgramTypeId::kCgroupSysctl, HookKind::kCgroup}},
    {CgroupGetsockopt | CgroupSetsockopt,
     {ProgramTypeId::kCgroupSockopt, HookKind::kCgroup}},
    {LsmCgroup, {ProgramTypeId::kLsm, HookKind::kCgroup}},
    {SkSkbStreamParser | SkSkbStreamVerdict | SkSkbVerdict,
     {ProgramTypeId::kSkSkb, HookKind::kSocketMap}},
    {SkMsgVerdict, {ProgramTypeId::kSkMsg, HookKind::kSocketMap}},
    {FlowDissector,
     {ProgramTypeId::kFlowDissector, HookKind::kNetworkNamespace}},
    {SkLookup, {ProgramTypeId::kSkLookup, HookKind::kNetworkNamespace}},
    {TcxIngress | TcxEgress | NetkitPrimary | NetkitPeer,
     {ProgramTypeId::kSchedCls, HookKind::kDevice}},
    {LircMode2, {ProgramTypeId::kLircMode2, HookKind::kOther}},
    {Xdp, {ProgramTypeId::kXdp, HookKind::kOther}},
    {TraceRawTp | Trampolines | TraceIter,
     {ProgramTypeId::kTracing, HookKind::kOther}},
    {LsmMac, {ProgramTypeId::kLsm, HookKind::kLsm}},
};

}  // namespace

AttachHook AttachHookOf(uint32_t attach_type) {
  for (const Row& row : kRows) {
    if (Contains(row.types, attach_type)) {
      return row.hook;
    }
  }
  return AttachHook{};
}

bool AsksCgroups(AttachType type) {
  return type == AttachType::kCgroupDevice &&
         (ebpf_port_features() & EBPF_PORT_CGROUP_DEVICES) != 0;
}

Status CheckLoadedFor(const Program& program, uint32_t attach_type) {
  switch (program.type().id) {
    case ProgramTypeId::kCgroupSock:
    case ProgramTypeId::kCgroupSockAddr:
    case ProgramTypeId::kCgroupSockopt:
    case ProgramTypeId::kSkLookup:
      return program.parts().attach_type == attach_type ? Status::kOk
                                                        : Status::kInvalid;
    default:
      return Status::kOk;
  }
}

Result<Ref<Program>> ProgramToAttach(const Call& call, uint32_t fd,
                                     ProgramTypeId type) {
  Ref<Program> program = EBPF_TRY(ProgramOf(call, fd));
  if (program->type().id != type) {
    return Status::kInvalid;
  }
  return program;
}

Result<CgroupPlace> CgroupPlaceOf(const Call& call, uint32_t fd,
                                  uint32_t attach_type) {
  Ref<Cgroup> group =
      EBPF_TRY(Cgroup::Get(static_cast<int32_t>(fd), *call.system.allocator));
  return CgroupPlace{Move(group), static_cast<AttachType>(attach_type)};
}

Status NoSocketMap(const Call& call, uint32_t fd) {
  EBPF_TRY(MapOf(call, fd));
  return Status::kNotSupported;
}

}  // namespace ebpf
