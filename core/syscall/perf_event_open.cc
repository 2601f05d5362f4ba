// SPDX-License-Identifier: MIT
//
// core/syscall/perf_event_open.h's implementation.
#include "core/syscall/perf_event_open.h"

#include "core/base/memory.h"
#include "core/files/perf_event_file.h"
#include "core/linux_abi/bpf.h"
#include "core/linux_abi/perf_event.h"
#include "core/memory/buffer.h"
#include "core/perf/kprobe_event.h"
#include "core/perf/sampled_event.h"
#include "core/perf/software_event.h"
#include "core/perf/tracepoint_event.h"
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
  if (from.is_null()) {
    return Status::kFault;
  }
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
    // Where it cannot be written the client still learns that it is too big.
    (void)client.CopyOut(size_at, &known, sizeof(known));
  }
  EBPF_TRY(status);
  return attr;
}

/// What holds for every type of event, before anybody's rights are looked at.
Status CheckAttr(const PerfEventAttr& attr) {
  const auto has = [&attr](uint64_t flags) {
    return (attr.flags & flags) != 0;
  };
  const auto samples = [&attr](uint64_t types) {
    return (attr.sample_type & types) == types;
  };
  if ((attr.flags & ~linux_abi::kPerfKnownFlags) != 0 || attr.reserved_2 != 0 ||
      (attr.sample_type & ~linux_abi::kPerfKnownSampleTypes) != 0 ||
      (attr.read_format & ~linux_abi::kPerfKnownFormats) != 0) {
    return Status::kInvalid;
  }
  if (samples(linux_abi::kPerfSampleUserStack) &&
      (attr.sample_stack_user >= UINT16_MAX ||
       attr.sample_stack_user % sizeof(uint64_t) != 0)) {
    return Status::kInvalid;
  }
  if (samples(linux_abi::kPerfSampleWeight |
              linux_abi::kPerfSampleWeightStruct)) {
    return Status::kInvalid;
  }
  const bool may_be =
      (has(linux_abi::kPerfInherit) || !has(linux_abi::kPerfInheritThread)) &&
      !(has(linux_abi::kPerfRemoveOnExec) &&
        has(linux_abi::kPerfEnableOnExec)) &&
      (has(linux_abi::kPerfRemoveOnExec) || !has(linux_abi::kPerfSigtrap));
  return may_be ? Status::kOk : Status::kInvalid;
}

Status CheckPeriod(const PerfEventAttr& attr) {
  constexpr uint64_t kTopBit = uint64_t{1} << 63;
  const bool is_frequency = (attr.flags & linux_abi::kPerfFrequency) != 0;
  // As Linux: who reads a child's count could not say which child's.
  if ((attr.flags & linux_abi::kPerfInherit) != 0 &&
      (attr.sample_type & linux_abi::kPerfSampleRead) != 0 &&
      (attr.sample_type & linux_abi::kPerfSampleTid) == 0) {
    return Status::kInvalid;
  }
  const bool fits = is_frequency
                        ? attr.sample_period <= linux_abi::kPerfMaxSampleRate
                        : (attr.sample_period & kTopBit) == 0;
  return fits ? Status::kOk : Status::kInvalid;
}

/// There is one clock, Linux's CLOCK_MONOTONIC, and nobody sets it.
Status CheckClock(const PerfEventAttr& attr) {
  constexpr int32_t kMonotonic = 1;
  constexpr int32_t kMonotonicRaw = 4;
  return (attr.flags & linux_abi::kPerfUseClockId) == 0 ||
                 attr.clockid == kMonotonic || attr.clockid == kMonotonicRaw
             ? Status::kOk
             : Status::kInvalid;
}

/// What the call's other arguments say. Of a task that is not there nobody
/// knows: its event counts nothing.
struct Place {
  EventScope scope;
  Ref<File> output;  // another event's, or null
};

Result<Place> PlaceOf(Client& client, int32_t pid, int32_t cpu,
                      int32_t group_fd, uint64_t flags) {
  if ((flags & linux_abi::kPerfFlagPidCgroup) != 0) {
    return Status::kInvalid;  // as Linux without cgroups
  }
  Place place{{pid, cpu}, Ref<File>()};
  if (group_fd != -1) {
    Ref<File> other = EBPF_TRY(client.fds().Get(group_fd));
    if (other->AsPerfEvent() == nullptr) {
      return Status::kBadFd;
    }
    if ((flags & linux_abi::kPerfFlagFdOutput) != 0) {
      place.output = Move(other);
    }
  }
  if (pid < -1) {
    return Status::kNoSuchTask;
  }
  const bool is_cpu =
      cpu >= 0 && static_cast<uint32_t>(cpu) < ebpf_port_cpu_count();
  if (!is_cpu && (cpu != -1 || pid == -1)) {
    return Status::kInvalid;
  }
  if (group_fd != -1 && (flags & linux_abi::kPerfFlagFdNoGroup) == 0) {
    return Status::kInvalid;  // no groups yet
  }
  if (pid == 0) {  // the calling thread
    uint32_t self;
    uint32_t tgid;
    ebpf_port_task_ids(&self, &tgid);
    place.scope.pid = static_cast<int32_t>(self);
  }
  return place;
}

/// What the attribute's config1 and config2 say, with the name in `buffer`.
Result<EventTarget> TargetOf(const Client& client, const PerfEventAttr& attr,
                             Span<char> buffer) {
  EventTarget target;
  target.returns = (attr.config & linux_abi::kPerfKprobeReturn) != 0;
  if (attr.config1 != 0) {
    const size_t length =
        EBPF_TRY(client.CopyStringIn(buffer, client.Pointer(attr.config1)));
    target.symbol = StringView(buffer.data(), length);
  }
  if (target.symbol.empty()) {
    target.address = attr.config2;
  } else {
    target.offset = attr.config2;
  }
  return target;
}

Result<Ref<PerfEvent>> MakeKprobe(Client& client, const System& system,
                                  const PerfEventAttr& attr, EventScope scope) {
  if ((attr.config & ~linux_abi::kPerfKprobeReturn) != 0) {
    return Status::kInvalid;
  }
  // Not on the stack, of which there may be little.
  Buffer<char> symbol(*system.allocator);
  EBPF_TRY(symbol.Allocate(kMaxSymbolSize));
  const EventTarget target = EBPF_TRY(TargetOf(client, attr, symbol.span()));
  Ref<KprobeEvent> event =
      EBPF_TRY(KprobeEvent::Create(target, scope, *system.allocator));
  return Ref<PerfEvent>(Move(event));
}

Result<Ref<PerfEvent>> MakeEvent(Client& client, const System& system,
                                 const PerfEventAttr& attr, EventScope scope) {
  switch (attr.type) {
    case linux_abi::kPerfTypeSoftware: {
      Ref<SoftwareEvent> event = EBPF_TRY(SoftwareEvent::Create(
          attr, scope, system.machine->user_regs_size, *system.allocator));
      return Ref<PerfEvent>(Move(event));
    }
    case linux_abi::kPerfTypeTracepoint: {
      Ref<TracepointEvent> event =
          EBPF_TRY(TracepointEvent::Create(attr, scope, *system.allocator));
      return Ref<PerfEvent>(Move(event));
    }
    case linux_abi::kPerfTypeKprobe:
      return MakeKprobe(client, system, attr, scope);
    default:
      return Status::kNotFound;
  }
}

Result<int> Open(Client& client, CallerPtr attr_at, int32_t pid, int32_t cpu,
                 int32_t group_fd, uint64_t flags) {
  const System* system = RunningSystem();
  if (system == nullptr) {
    return Status::kNotImplemented;
  }
  if ((flags & ~uint64_t{linux_abi::kPerfFlagAll}) != 0) {
    return Status::kInvalid;
  }
  const PerfEventAttr attr = EBPF_TRY(CopyPerfAttrIn(client, attr_at));
  EBPF_TRY(CheckAttr(attr));
  if (!client.Capable(linux_abi::kCapPerfmon)) {
    return Status::kAccess;
  }
  EBPF_TRY(CheckPeriod(attr));
  const Place place = EBPF_TRY(PlaceOf(client, pid, cpu, group_fd, flags));
  Ref<PerfEvent> event =
      EBPF_TRY(MakeEvent(client, *system, attr, place.scope));
  EBPF_TRY(CheckClock(attr));
  if (place.output) {
    EBPF_TRY(RedirectOutput(*event, place.output->AsPerfEvent()->event()));
  }
  if ((attr.flags & linux_abi::kPerfDisabled) == 0) {
    EBPF_TRY(event->Enable());
  }
  Ref<File> file = EBPF_TRY(
      PerfEventFile::Create(Move(event), attr.read_format, *system->allocator));
  return client.fds().Install(Move(file));
}

}  // namespace

int64_t PerfEventOpen(Client& client, CallerPtr attr, int32_t pid, int32_t cpu,
                      int32_t group_fd, uint64_t flags) {
  const Result<int> result = Open(client, attr, pid, cpu, group_fd, flags);
  return result.ok() ? *result : -static_cast<int64_t>(result.status());
}

}  // namespace ebpf
