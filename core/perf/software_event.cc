// SPDX-License-Identifier: MIT
//
// core/perf/software_event.h's implementation.
#include "core/perf/software_event.h"

#include "core/sync/read_section.h"

namespace ebpf {
namespace {

using linux_abi::PerfEventAttr;

bool IsClock(uint64_t config) {
  return config == linux_abi::kPerfCpuClock ||
         config == linux_abi::kPerfTaskClock;
}

Status CheckAttr(const PerfEventAttr& attr, EventScope scope) {
  const bool known = IsClock(attr.config) ||
                     attr.config == linux_abi::kPerfDummy ||
                     attr.config == linux_abi::kPerfBpfOutput;
  if (!known) {
    return Status::kNotFound;
  }
  if (IsClock(attr.config) && (attr.sample_period != 0 || scope.pid >= 0)) {
    return Status::kNotSupported;
  }
  return Status::kOk;
}

}  // namespace

Result<Ref<SoftwareEvent>> SoftwareEvent::Create(const PerfEventAttr& attr,
                                                 EventScope scope,
                                                 Allocator& allocator) {
  EBPF_TRY(CheckAttr(attr, scope));
  SoftwareEvent* made =
      EBPF_TRY(allocator.New<SoftwareEvent>(attr, scope, allocator));
  Ref<SoftwareEvent> event = Ref<SoftwareEvent>::Adopt(made);
  EBPF_TRY(event->Prepare());
  return event;
}

void SoftwareEvent::Destroy() {
  Disable();
  WaitForReaders();  // programs that found it in an array
  End();
  allocator().Delete(this);
}

uint64_t SoftwareEvent::count() const {
  return IsClock(attr().config)
             ? enabled_time().total() - reset_at_.Load(kRelaxed)
             : 0;
}

void SoftwareEvent::ResetCount() {
  reset_at_.Store(enabled_time().total(), kRelaxed);
}

Status SoftwareEvent::Output(ConstBytes data, const machine::PtRegs* regs) {
  if (attr().config != linux_abi::kPerfBpfOutput) {
    return Status::kInvalid;
  }
  if (!is_on() || !scope().IsHere()) {
    return Status::kNotSupported;
  }
  if (ring() == nullptr) {
    return Status::kNoSpace;
  }
  Occurrence what;
  what.regs = regs;
  what.raw = data;
  return Emit(what);
}

}  // namespace ebpf
