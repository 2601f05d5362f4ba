// SPDX-License-Identifier: MIT
//
// core/syscall/perf_event_open.h's implementation.
#include "core/syscall/perf_event_open.h"

#include "core/base/memory.h"
#include "core/files/perf_event_file.h"
#include "core/linux_abi/bpf.h"
#include "core/linux_abi/perf_event.h"
#include "core/platform/cpu.h"
#include "core/platform/task.h"
#include "core/syscall/attr.h"
#include "core/syscall/system.h"

namespace ebpf {
namespace {

using linux_abi::PerfEventAttr;

/// Linux's KSYM_NAME_LEN, the zero included.
constexpr size_t kMaxSymbolSize = 512;

/// The attribute, whose own `size` says how much the client knows of it. On
/// kTooBig the size that we know is written back, as Linux does.
Result<PerfEventAttr> CopyPerfAttrIn(const Client& client, CallerPtr from) {
  PerfEventAttr attr;
  uint32_t size;
  const CallerPtr size_at = from.Plus(offsetof(PerfEventAttr, size));
  EBPF_TRY(client.CopyIn(&size, size_at, sizeof(size)));
  if (size == 0) {
    size = linux_abi::kPerfAttrSizeVer0;
  }
  Status status = Status::kTooBig;
  if (size >= linux_abi::kPerfAttrSizeVer0) {
    status = CopyAttrIn(client, from, size, BytesOf(attr));
  }
  if (status == Status::kTooBig) {
    const uint32_t known = sizeof(attr);
    EBPF_TRY(client.CopyOut(size_at, &known, sizeof(known)));
  }
  EBPF_TRY(status);
  return attr;
}

Status CheckTarget(int32_t pid, int32_t cpu, int32_t group_fd, uint64_t flags) {
  constexpr uint64_t kKnownFlags =
      linux_abi::kPerfFlagFdNoGroup | linux_abi::kPerfFlagFdCloexec;
  if ((flags & ~kKnownFlags) != 0 || (pid == -1 && cpu == -1) || pid < -1 ||
      cpu < -1 ||
      (cpu >= 0 && static_cast<uint32_t>(cpu) >= ebpf_port_cpu_count())) {
    return Status::kInvalid;
  }
  return group_fd == -1 ? Status::kOk : Status::kInvalid;  // no groups yet
}

Result<uint64_t> TargetAddress(const Client& client,
                               const PerfEventAttr& attr) {
  char name[kMaxSymbolSize];
  size_t length = 0;
  if (attr.config1 != 0) {
    Result<size_t> copied =
        client.CopyStringIn(Span<char>(name), client.Pointer(attr.config1));
    if (!copied.ok()) {
      return copied.status() == Status::kTooBig ? Status::kInvalid
                                                : copied.status();
    }
    length = *copied;
  }
  if (length == 0) {
    return ProbeAddress(StringView(), attr.config2, 0);
  }
  return ProbeAddress(StringView(name, length), 0, attr.config2);
}

Result<int> Open(Client& client, CallerPtr attr_at, int32_t pid, int32_t cpu,
                 int32_t group_fd, uint64_t flags) {
  const System* system = RunningSystem();
  if (system == nullptr) {
    return Status::kNotImplemented;
  }
  const PerfEventAttr attr = EBPF_TRY(CopyPerfAttrIn(client, attr_at));
  if (!client.Capable(linux_abi::kCapPerfmon)) {
    return Status::kAccess;
  }
  EBPF_TRY(CheckTarget(pid, cpu, group_fd, flags));
  if (attr.type != linux_abi::kPerfTypeKprobe) {
    return Status::kNotFound;
  }
  if (attr.config == linux_abi::kPerfKprobeReturn) {
    return Status::kNotSupported;
  }
  if (attr.config != 0) {
    return Status::kInvalid;
  }
  EventScope scope{pid, cpu};
  if (pid == 0) {  // the calling thread
    uint32_t self;
    uint32_t tgid;
    ebpf_port_task_ids(&self, &tgid);
    scope.pid = static_cast<int32_t>(self);
  }
  const uint64_t address = EBPF_TRY(TargetAddress(client, attr));
  const bool enabled = (attr.flags & linux_abi::kPerfDisabled) == 0;
  Ref<KprobeEvent> event = EBPF_TRY(
      KprobeEvent::Create(address, scope, enabled, *system->allocator));
  Ref<File> file =
      EBPF_TRY(PerfEventFile::Create(Move(event), *system->allocator));
  return client.fds().Install(Move(file));
}

}  // namespace

int64_t PerfEventOpen(Client& client, CallerPtr attr, int32_t pid, int32_t cpu,
                      int32_t group_fd, uint64_t flags) {
  const Result<int> result = Open(client, attr, pid, cpu, group_fd, flags);
  return result.ok() ? *result : -static_cast<int64_t>(result.status());
}

}  // namespace ebpf
