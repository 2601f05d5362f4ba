// SPDX-License-Identifier: MIT
//
// BPF_TASK_FD_QUERY: which program a process's perf event or raw tracepoint
// runs, and where.
#include "core/files/link_file.h"
#include "core/files/perf_event_file.h"
#include "core/linux_abi/bpf.h"
#include "core/linux_abi/bpf_attach.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/objects/raw_tracepoint_link.h"
#include "core/platform/task.h"
#include "core/syscall/commands.h"

namespace ebpf {
namespace {

using linux_abi::TaskFdQueryAttr;

/// The file behind a descriptor of a process: the caller, or one that the port
/// knows. kNotFound: there is no such process, or it has no client.
Result<Ref<File>> FileOfTask(const Call& call, uint32_t pid, uint32_t fd) {
  uint32_t self;
  uint32_t process;
  ebpf_port_task_ids(&self, &process);
  if (pid != 0 && (pid == self || pid == process)) {
    return call.client.fds().Get(static_cast<int32_t>(fd));
  }
  void* const other = ebpf_port_task_client_get(pid);
  if (other == nullptr) {
    return Status::kNotFound;
  }
  Result<Ref<File>> file =
      static_cast<Client*>(other)->fds().Get(static_cast<int32_t>(fd));
  ebpf_port_task_client_put(other);
  return file;
}

/// Copies the name out as far as there is room, and its length. kNoSpace where
/// it was cut.
Status CopyName(const Call& call, const TaskFdQueryAttr& attr,
                StringView name) {
  const auto length = static_cast<uint32_t>(name.size());
  EBPF_TRY(WriteBack(call, offsetof(TaskFdQueryAttr, buf_len), length));
  if (attr.buf_len == 0 || attr.buf == 0) {
    return Status::kOk;
  }
  return CopyNameOut(call.client, call.client.Pointer(attr.buf), attr.buf_len,
                     name);
}

struct Answer {
  uint32_t prog_id;
  uint32_t fd_type;
  uint64_t probe_offset;
  uint64_t probe_addr;
};
static_assert(offsetof(TaskFdQueryAttr, prog_id) + sizeof(Answer) ==
              sizeof(TaskFdQueryAttr));

Status Tell(const Call& call, const TaskFdQueryAttr& attr,
            const PerfEvent& event) {
  const Ref<Program> program = event.program();
  if (!program) {
    return Status::kNotFound;
  }
  const EventDescription about = event.Describe();
  uint32_t fd_type;
  switch (about.type) {
    case linux_abi::kPerfEventKprobe:
      fd_type = linux_abi::kFdKprobe;
      break;
    case linux_abi::kPerfEventKretprobe:
      fd_type = linux_abi::kFdKretprobe;
      break;
    case linux_abi::kPerfEventTracepoint:
      fd_type = linux_abi::kFdTracepoint;
      break;
    default:
      return Status::kNotSupported;
  }
  const Status status = CopyName(call, attr, about.name_view());
  if (!IsOk(status) && status != Status::kNoSpace) {
    return status;
  }
  const Answer answer = {
      program->id(), fd_type, about.offset,
      call.client.Capable(linux_abi::kCapSyslog) ? about.address : 0};
  EBPF_TRY(WriteBack(call, offsetof(TaskFdQueryAttr, prog_id), answer));
  return status;
}

/// Of links only those to raw tracepoints tell, as in Linux.
Status Tell(const Call& call, const TaskFdQueryAttr& attr, const Link& link) {
  const RawTracepointLink* const raw = link.AsRawTracepoint();
  if (raw == nullptr) {
    return Status::kNotSupportedLinux;
  }
  const Status status = CopyName(call, attr, raw->name());
  if (!IsOk(status) && status != Status::kNoSpace) {
    return status;
  }
  const Answer answer = {link.program()->id(), linux_abi::kFdRawTracepoint, 0,
                         0};
  EBPF_TRY(WriteBack(call, offsetof(TaskFdQueryAttr, prog_id), answer));
  return status;
}

}  // namespace

Result<int> TaskFdQuery(const Call& call, const RawAttr& raw) {
  const auto attr = AttrOf<TaskFdQueryAttr>(raw);
  EBPF_TRY(attr.status());
  if (!call.client.Capable(linux_abi::kCapSysAdmin)) {
    return Status::kNotPermitted;
  }
  if (attr->flags != 0) {
    return Status::kInvalid;
  }
  Ref<File> file = EBPF_TRY(FileOfTask(call, attr->pid, attr->fd));
  if (const LinkFile* link = file->AsLink()) {
    EBPF_TRY(Tell(call, *attr, *link->link()));
    return 0;
  }
  if (file->AsPerfEvent() == nullptr) {
    return Status::kNotSupportedLinux;
  }
  EBPF_TRY(Tell(call, *attr, file->AsPerfEvent()->event()));
  return 0;
}

}  // namespace ebpf
