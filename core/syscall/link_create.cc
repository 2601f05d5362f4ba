// SPDX-License-Identifier: MIT
//
// BPF_LINK_CREATE, and BPF_RAW_TRACEPOINT_OPEN, which is older: attaching as an
// object.
#include "core/files/link_file.h"
#include "core/files/perf_event_file.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/objects/cgroup_link.h"
#include "core/objects/perf_event_link.h"
#include "core/objects/raw_tracepoint_link.h"
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

/// A link to a tracepoint's arguments. kNotFound: there is none of that name.
Result<Ref<Link>> LinkToTracepoint(const Call& call, StringView name,
                                   uint64_t cookie, Ref<Program> program) {
  Tracepoint* const tracepoint = FindTracepoint(name);
  if (tracepoint == nullptr) {
    return Status::kNotFound;
  }
  return RawTracepointLink::Create(*tracepoint, Move(program), cookie,
                                   *call.system.allocator);
}

/// The same for a program that was loaded for one by its types.
Result<Ref<Link>> LinkToTyped(const Call& call, uint64_t cookie,
                              Ref<Program> program) {
  const btf::Btf* const kernel = call.system.kernel.btf;
  if (kernel == nullptr) {
    return Status::kNotFound;
  }
  const StringView name = TracepointOf(*program, *kernel);
  return LinkToTracepoint(call, name, cookie, Move(program));
}

bool IsForTracepoint(const Program& program) {
  return program.type().id == ProgramTypeId::kTracing &&
         program.parts().attach_type ==
             static_cast<uint32_t>(AttachType::kTraceRawTp);
}

/// A link by its descriptor, when it was made.
Result<int> Install(const Call& call, Ref<Link> link) {
  LinkIds().Add(*link);
  return call.client.fds().Install(EBPF_TRY(
      LinkFile::Create(Move(link), LinkFile::kMade, *call.system.allocator)));
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
      if (program->parts().attach_type != attr.attach_type) {
        return Status::kInvalid;
      }
      if (attach == AttachType::kTraceRawTp) {
        return LinkToTyped(call, attr.details[1], Move(program));
      }
      return attach == AttachType::kTraceIter
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
  return Install(call, EBPF_TRY(MakeLink(call, attr, Move(program))));
}

Result<int> RawTracepointOpen(const Call& call, const RawAttr& raw) {
  const auto attr = EBPF_TRY(AttrOf<linux_abi::RawTracepointAttr>(raw));
  Ref<Program> program = EBPF_TRY(ProgramOf(call, attr.prog_fd));
  if (IsForTracepoint(*program)) {
    if (attr.name != 0) {
      return Status::kInvalid;  // its types say which
    }
    return Install(call,
                   EBPF_TRY(LinkToTyped(call, attr.cookie, Move(program))));
  }
  const ProgramTypeId type = program->type().id;
  if (type != ProgramTypeId::kRawTracepoint &&
      type != ProgramTypeId::kRawTracepointWritable) {
    return Status::kInvalid;
  }
  char name[128];
  const Result<size_t> length =
      call.client.CopyStringIn(name, call.client.Pointer(attr.name));
  if (!length.ok()) {
    return length.status() == Status::kTooBig ? Status::kNotFound
                                              : length.status();
  }
  return Install(call,
                 EBPF_TRY(LinkToTracepoint(call, StringView(name, *length),
                                           attr.cookie, Move(program))));
}

}  // namespace ebpf
