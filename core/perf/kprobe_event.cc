// SPDX-License-Identifier: MIT
//
// core/perf/kprobe_event.h's implementation.
#include "core/perf/kprobe_event.h"

#include "core/platform/cpu.h"
#include "core/platform/task.h"

namespace ebpf {

Result<Ref<KprobeEvent>> KprobeEvent::Create(uint64_t address, EventScope scope,
                                             bool enabled,
                                             Allocator& allocator) {
  KprobeEvent* event =
      EBPF_TRY(allocator.New<KprobeEvent>(address, scope, allocator));
  Ref<KprobeEvent> ref = Ref<KprobeEvent>::Adopt(event);
  EBPF_TRY(event->Enable());
  if (!enabled) {
    event->Disable();
    event->ResetCount();
  }
  return ref;
}

Status KprobeEvent::Enable() {
  MutexGuard guard(mutex_);
  if (!enabled_) {
    EBPF_TRY(AttachKprobe(address_, *this));
    enabled_ = true;
  }
  return Status::kOk;
}

void KprobeEvent::Disable() {
  MutexGuard guard(mutex_);
  if (enabled_) {
    DetachKprobe(*this);
    enabled_ = false;
  }
}

Status KprobeEvent::SetProgram(Ref<Program> program) {
  if (program->type().id != ProgramTypeId::kKprobe) {
    return Status::kInvalid;
  }
  MutexGuard guard(mutex_);
  if (program_.Load(kRelaxed) != nullptr) {
    return Status::kExists;
  }
  // Releases the program's making: pairs with the acquire in Hit.
  program_.Store(program.Leak(), kRelease);
  return Status::kOk;
}

void KprobeEvent::Hit(machine::PtRegs& regs) {
  uint32_t pid;
  uint32_t tgid;
  ebpf_port_task_ids(&pid, &tgid);
  if ((scope_.pid < 0 || static_cast<uint32_t>(scope_.pid) == pid) &&
      (scope_.cpu < 0 ||
       static_cast<uint32_t>(scope_.cpu) == ebpf_port_cpu_id())) {
    count_.FetchAdd(1, kRelaxed);
  }
  if (const Program* program = program_.Load(kAcquire)) {
    (void)program->RunUnlessNested(&regs);  // what it returns only filters perf
  }
}

void KprobeEvent::Destroy() {
  Disable();  // from here on Hit runs nowhere
  if (Program* program = program_.Load(kRelaxed)) {
    program->Release();
  }
  allocator_.Delete(this);
}

}  // namespace ebpf
