// SPDX-License-Identifier: MIT
//
// core/perf/software_event.h's implementation.
#include "core/perf/software_event.h"

#include "core/base/memory.h"
#include "core/linux_abi/bpf_objects.h"
#include "core/platform/cpu.h"
#include "core/platform/task.h"
#include "core/program/perf_context.h"
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
  // A task's time can be sampled, and is then counted by its samples.
  return IsClock(attr.config) && scope.pid >= 0 && attr.sample_period == 0
             ? Status::kNotSupported
             : Status::kOk;
}

/// As Linux: clocks know periods only.
PerfEventAttr WithPeriod(const PerfEventAttr& attr) {
  PerfEventAttr result = attr;
  if (IsClock(attr.config) && (attr.flags & linux_abi::kPerfFrequency) != 0 &&
      attr.sample_period != 0) {
    constexpr uint64_t kNsPerSecond = 1000000000;
    result.sample_period = kNsPerSecond / attr.sample_period;
    result.flags &= ~linux_abi::kPerfFrequency;
  }
  return result;
}

bool IsIdle() {
  uint32_t pid;
  uint32_t tgid;
  ebpf_port_task_ids(&pid, &tgid);
  return pid == 0;
}

}  // namespace

Result<Ref<SoftwareEvent>> SoftwareEvent::Create(const PerfEventAttr& attr,
                                                 EventScope scope,
                                                 uint32_t regs_size,
                                                 Allocator& allocator) {
  EBPF_TRY(CheckAttr(attr, scope));
  SoftwareEvent* made = EBPF_TRY(allocator.New<SoftwareEvent>(
      WithPeriod(attr), scope, regs_size, allocator));
  Ref<SoftwareEvent> event = Ref<SoftwareEvent>::Adopt(made);
  EBPF_TRY(event->Prepare());
  if (event->is_clock() && event->is_sampling()) {
    EBPF_TRY(event->timer_.Init(scope.cpu, allocator));
  }
  return event;
}

void SoftwareEvent::Destroy() {
  Disable();
  ClearProgram();
  WaitForReaders();  // programs that found it in an array
  End();
  allocator().Delete(this);
}

inline bool SoftwareEvent::is_clock() const { return IsClock(attr().config); }

Status SoftwareEvent::Start() {
  return timer_.is_there() ? timer_.Start(period()) : Status::kOk;
}

void SoftwareEvent::Stop() {
  if (timer_.is_there()) {
    timer_.Stop();
  }
}

uint64_t SoftwareEvent::count() const {
  if (!is_clock()) {
    return 0;
  }
  return scope().pid >= 0 ? SampledEvent::count()
                          : enabled_time().total() - reset_at_.Load(kRelaxed);
}

void SoftwareEvent::ResetCount() {
  SampledEvent::ResetCount();
  reset_at_.Store(enabled_time().total(), kRelaxed);
}

bool SoftwareEvent::TimePassed(const machine::PtRegs* regs, bool in_user) {
  const uint64_t excluded =
      in_user ? linux_abi::kPerfExcludeUser : linux_abi::kPerfExcludeKernel;
  if (!is_on() || !scope().IsHere()) {
    return true;
  }
  const uint64_t passed = Max(period(), SampleTimer::kShortestPeriod);
  count_.FetchAdd(passed, kRelaxed);
  if ((attr().flags & excluded) != 0 ||
      ((attr().flags & linux_abi::kPerfExcludeIdle) != 0 && IsIdle())) {
    return true;
  }
  SampleMemory* const memory = SampleMemory::Enter(ebpf_port_cpu_id());
  if (memory == nullptr) {
    return true;
  }
  Occurrence what;
  what.regs = regs;
  what.in_user = in_user;
  what.period = period();
  const bool goes_on = !Wants(what, *memory) || TakeSample(what, *memory);
  memory->Leave();
  return goes_on;
}

// --- Programs --------------------------------------------------------------

Status SoftwareEvent::SetProgram(Ref<Program> program, uint64_t cookie) {
  const MutexGuard guard(mutex_);
  if (program_.Load(kRelaxed) != nullptr) {
    return Status::kExists;
  }
  if (program->type().id != ProgramTypeId::kPerfEvent ||
      program->parts().sleepable) {
    return Status::kInvalid;
  }
  origin_ = RunOrigin();
  origin_.cookie = cookie;  // nobody looks: there is no program
  // Releases the program's making and its cookie: pairs with the acquire in
  // Wants.
  program_.Store(program.Leak(), kRelease);
  return Status::kOk;
}

void SoftwareEvent::ClearProgram() {
  const MutexGuard guard(mutex_);
  Program* const program = program_.Exchange(nullptr, kRelaxed);
  if (program != nullptr) {
    WaitForReaders();
    program->Release();
  }
}

Ref<Program> SoftwareEvent::program() const {
  const MutexGuard guard(mutex_);
  Program* const program = program_.Load(kRelaxed);
  return program == nullptr ? Ref<Program>() : Ref<Program>::Share(*program);
}

EventDescription SoftwareEvent::Describe() const {
  EventDescription about;
  about.type = linux_abi::kPerfEventOther;
  about.event_type = attr().type;
  about.event_config = attr().config;
  const MutexGuard guard(mutex_);
  about.cookie = origin_.cookie;
  return about;
}

/// What its program says.
bool SoftwareEvent::Wants(const Occurrence& what, SampleMemory& memory) const {
  const Program* const program = program_.Load(kAcquire);
  if (program == nullptr) {
    return true;
  }
  const PerfContext front = {this, what.regs, what.in_user};
  auto* const context =
      reinterpret_cast<uint8_t*>(memory.context) + sizeof(front);
  const struct {
    uint64_t period;
    uint64_t address;
  } behind = {what.period, what.address};
  const size_t size = sizeof(front) + regs_size_ + sizeof(behind);
  if (size > sizeof(memory.context)) {
    return false;
  }
  StoreUnaligned(memory.context, front);
  if (what.regs != nullptr) {
    CopyBytes(context, what.regs, regs_size_);
  } else {
    FillBytes(context, 0, regs_size_);
  }
  StoreUnaligned(context + regs_size_, behind);
  return program->RunUnlessNested(context, origin_) != 0;
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
  const uint32_t cpu = ebpf_port_cpu_id();
  SampleMemory* const memory =
      (attr().sample_type & linux_abi::kPerfSampleCallchain) != 0
          ? SampleMemory::Enter(cpu)
          : nullptr;
  const Status status = Emit(what, cpu, memory);
  if (memory != nullptr) {
    memory->Leave();
  }
  return status;
}

}  // namespace ebpf
