// SPDX-License-Identifier: MIT
//
// core/perf/perf_event.h's implementation.
#include "core/perf/perf_event.h"

#include "core/base/memory.h"
#include "core/linux_abi/perf_event.h"
#include "core/platform/cpu.h"
#include "core/platform/task.h"

namespace ebpf {
namespace {

constinit Atomic<uint64_t> last_id{0};

}  // namespace

bool EventScope::Contains() const {
  if (cpu >= 0 && !IsOn(ebpf_port_cpu_id())) {
    return false;
  }
  if (pid < 0) {
    return true;
  }
  uint32_t self;
  uint32_t tgid;
  ebpf_port_task_ids(&self, &tgid);
  return IsOf(static_cast<int32_t>(self));
}

PerfEvent::PerfEvent() : id_(last_id.FetchAdd(1, kRelaxed) + 1) {}

void EventDescription::SetName(StringView text) {
  name_size = Min(text.size(), sizeof(name));
  CopyBytes(name, text.data(), name_size);
}

EventReading PerfEvent::Read() const {
  const uint64_t enabled = enabled_time_.total();
  return {count(), enabled, enabled, id_, 0};
}

Status PerfEvent::SetProgram(Ref<Program> /*program*/, uint64_t /*cookie*/) {
  return Status::kInvalid;
}

Result<uint32_t> PerfEvent::ListPrograms(Span<uint32_t> /*ids*/) const {
  return Status::kInvalid;
}

Status PerfEvent::SetFilter(StringView /*text*/) { return Status::kInvalid; }

Result<MapPages> PerfEvent::Mmap(uint64_t /*offset*/, uint64_t /*size*/,
                                 uint32_t /*protection*/,
                                 LockedMemory* /*payer*/) {
  return Status::kNoDevice;
}

uint32_t PerfEvent::Poll() { return linux_abi::kPollHangUp; }

}  // namespace ebpf
