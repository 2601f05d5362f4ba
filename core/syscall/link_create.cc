// SPDX-License-Identifier: MIT
//
// BPF_LINK_CREATE, and BPF_RAW_TRACEPOINT_OPEN, which is older: attaching as an
// object.
#include "core/files/link_file.h"
#include "core/files/perf_event_file.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/objects/cgroup_link.h"
#include "core/objects/perf_event_link.h"
#include "core/syscall/attach_hook.h"
#include "core/syscall/commands.h"
#include "core/syscall/fd_objects.h"
#include "core/syscall/iter_create.h"
#include "core/syscall/link_functions.h"

namespace ebpf {
namespace {

using linux_abi::LinkCreateAttr;

Result<Ref<Link>> LinkToEvent(const Call& call, const LinkCreateAttr& attr,
                              Ref<Program> program) {
  if (attr.flags != 0) {
    return Status::kInvalid;
  }
  Ref<File> file =
      EBPF_TRY(call.client.fds().Get(static_cast<int32_t>(attr.target_fd)));
  if (file->AsPerfEvent() == nullptr) {
    return Status::kBadFd;
  }
  return PerfEventLink::Create(
      Ref<PerfEvent>::Share(file->AsPerfEvent()->event()), Move(program),
      attr.details[0], *call.system.allocator);
}

Result<Ref<Link>> LinkToCgroup(const Call& call, const LinkCreateAttr& attr,
                               Ref<Program> program) {
  if (attr.flags != 0) {
    return Status::kInvalid;
  }
  CgroupPlace place =
      EBPF_TRY(CgroupPlaceOf(call, attr.target_fd, attr.attach_type));
  if (!AsksCgroups(place.type)) {
    return Status::kInvalid;
  }
  return CgroupLink::Create(Move(place), Move(program), *call.system.allocator);
}

/// Programs whose hooks do not exist here are answered as Linux does where what
/// they are attached to is not there.
Result<Ref<Link>> MakeLink(const Call& call, const LinkCreateAttr& attr,
                           Ref<Program> program) {
  const auto attach = static_cast<AttachType>(attr.attach_type);
  const AttachHook hook = AttachHookOf(attr.attach_type);
  if (hook.kind == HookKind::kCgroup && hook.program == program->type().id) {
    EBPF_TRY(CheckLoadedFor(*program, attr.attach_type));
    return LinkToCgroup(call, attr, Move(program));
  }
  switch (program->type().id) {
    case ProgramTypeId::kKprobe:
      if (IsForFunctions(attr.attach_type) ||
          IsForFunctions(program->parts().attach_type)) {
        return LinkToFunctions(call, attr, Move(program));
      }
      [[fallthrough]];
    case ProgramTypeId::kTracepoint:
    case ProgramTypeId::kPerfEvent:
      return attach == AttachType::kPerfEvent
                 ? LinkToEvent(call, attr, Move(program))
                 : Result<Ref<Link>>(Status::kInvalid);
    case ProgramTypeId::kTracing:
      return attach == AttachType::kTraceIter &&
                     program->parts().attach_type == attr.attach_type
                 ? LinkToIterator(call, attr, Move(program))
                 : Result<Ref<Link>>(Status::kInvalid);
    default:
      return Status::kInvalid;
  }
}

}  // namespace

Result<int> LinkCreate(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<LinkCreateAttr>(raw));
  if (attr.padding != 0) {
    return Status::kInvalid;
  }
  Ref<Program> program = EBPF_TRY(ProgramOf(call, attr.prog_fd));
  Ref<Link> link = EBPF_TRY(MakeLink(call, attr, Move(program)));
  LinkIds().Add(*link);
  return call.client.fds().Install(EBPF_TRY(
      LinkFile::Create(Move(link), LinkFile::kMade, *call.system.allocator)));
}

Result<int> RawTracepointOpen(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<linux_abi::RawTracepointAttr>(raw));
  Ref<Program> program = EBPF_TRY(ProgramOf(call, attr.prog_fd));
  const ProgramTypeId type = program->type().id;
  if (type != ProgramTypeId::kRawTracepoint &&
      type != ProgramTypeId::kRawTracepointWritable) {
    return Status::kInvalid;
  }
  char name[128];
  const Result<size_t> length =
      call.client.CopyStringIn(name, call.client.Pointer(attr.name));
  if (!length.ok() && length.status() != Status::kTooBig) {
    return length.status();
  }
  return Status::kNotFound;  // there are no tracepoints
}

}  // namespace ebpf
