// SPDX-License-Identifier: MIT
//
// core/perf/kprobe_event.h's implementation.
#include "core/perf/kprobe_event.h"

#include "core/linux_abi/bpf_objects.h"
#include "core/machine/function_entry.h"
#include "core/platform/symbol_name.h"
#include "core/probes/function_entry.h"
#include "core/sync/read_section.h"

namespace ebpf {

Result<Ref<KprobeEvent>> KprobeEvent::Create(const EventTarget& target,
                                             EventScope scope,
                                             Allocator& allocator) {
  KprobeEvent* event =
      EBPF_TRY(allocator.New<KprobeEvent>(target.returns, scope, allocator));
  Ref<KprobeEvent> ref = Ref<KprobeEvent>::Adopt(event);
  KprobeConsumer& consumer =
      target.returns ? static_cast<KprobeConsumer&>(event->hook_) : *event;
  event->probe_ = EBPF_TRY(
      AttachKprobe(target.symbol, target.address, target.offset, consumer));
  event->origin_.function = FunctionEnteredAt(event->probe_->address());
  event->origin_.is_return = target.returns;
  if (target.returns) {
    if (event->origin_.function == 0) {
      return Status::kInvalid;
    }
    EBPF_TRY(ReturnHook::Prepare());
  }
  // Releases what the event is: pairs with the acquire in Returned.
  event->is_made_.Store(true, kRelease);
  return ref;
}

Status KprobeEvent::Enable() {
  EBPF_TRY(probe_->Enable());
  enabled_time_.Start();
  return Status::kOk;
}

void KprobeEvent::Disable() {
  probe_->Disable();
  enabled_time_.Stop();
}

Status KprobeEvent::SetProgram(Ref<Program> program, uint64_t cookie) {
  if (program->type().id != ProgramTypeId::kKprobe) {
    return Status::kInvalid;
  }
  const bool overrides = program->parts().overrides_return;
  if (overrides && !MayOverrideAt(probe_->address())) {
    return Status::kInvalid;
  }
  MutexGuard guard(program_mutex_);
  if (program_.Load(kRelaxed) != nullptr) {
    return Status::kExists;
  }
  cookie_.Store(cookie, kRelaxed);
  origin_.cookie = cookie;  // nobody looks: there is no program
  SetMayDivert(overrides);
  // The reference is program_'s now. Releases the program's making and its
  // cookie: pairs with the acquire in Hit.
  program_.Store(program.Leak(), kRelease);
  return Status::kOk;
}

void KprobeEvent::ClearProgram() {
  // Before the next one may come: its cookie is not for runs of this one.
  MutexGuard guard(program_mutex_);
  Program* program = program_.Exchange(nullptr, kRelaxed);
  if (program != nullptr) {
    WaitForReaders();
    program->Release();
  }
}

Ref<Program> KprobeEvent::program() const {
  MutexGuard guard(program_mutex_);
  Program* const program = program_.Load(kRelaxed);
  return program == nullptr ? Ref<Program>() : Ref<Program>::Share(*program);
}

EventDescription KprobeEvent::Describe() const {
  EventDescription about;
  about.type =
      returns_ ? linux_abi::kPerfEventKretprobe : linux_abi::kPerfEventKprobe;
  about.address = probe_->address();
  about.missed = probe_->missed() + hook_.missed();
  about.cookie = cookie_.Load(kRelaxed);
  ebpf_symbol symbol;
  if (ebpf_port_symbol_by_address(about.address, &symbol)) {
    about.name_size = ReadSymbolName(symbol, about.name).size();
    about.offset = static_cast<uint32_t>(about.address - symbol.address);
  }
  return about;
}

Status KprobeEvent::Output(ConstBytes /*data*/,
                           const machine::PtRegs* /*regs*/) {
  return Status::kInvalid;
}

Result<CounterReading> KprobeEvent::ReadCounter() const {
  if (!scope_.IsHere()) {
    return Status::kInvalid;
  }
  const EventReading reading = Read();
  return CounterReading{reading.value, reading.enabled, reading.running};
}

void KprobeEvent::Hit(machine::PtRegs& regs) {
  // Programs find the pc where Linux's do.
  uint64_t& pc = machine::PcIn(regs);
  const uint64_t address = pc;
  const uint64_t behind = address + machine::kPcBehindProbe;
  pc = behind;
  const bool passed = RunProgram(regs);
  // As in Linux, a program that makes the function return keeps the hit from
  // perf.
  const bool diverted = pc != behind;
  if (!diverted) {
    pc = address;
  }
  Count(passed && !diverted);
}

void KprobeEvent::Returned(machine::PtRegs& regs,
                           const ReturnedCall& /*call*/) {
  // It may have been disabled, or detached, since the call. Where another probe
  // stood already, nothing else orders a first return behind Create.
  if (is_made_.Load(kAcquire) && probe_->enabled()) {
    Count(RunProgram(regs));
  }
}

/// Whether perf shall know of it: as in Linux, not if a program returns an even
/// number.
inline bool KprobeEvent::RunProgram(machine::PtRegs& regs) const {
  // Pairs with the release in SetProgram.
  const Program* program = program_.Load(kAcquire);
  return program == nullptr ||
         (program->RunUnlessNested(&regs, origin_) & 1) != 0;
}

inline void KprobeEvent::Count(bool passed) {
  if (passed && scope_.IsHere()) {
    count_.FetchAdd(1, kRelaxed);
  }
}

void KprobeEvent::Destroy() {
  if (probe_) {
    probe_->Detach();  // from here on Hit runs nowhere
    hook_.Cancel();    // nor Returned
  }
  WaitForReaders();  // programs that found it in an array
  if (Program* program = program_.Load(kRelaxed)) {
    program->Release();
  }
  allocator_.Delete(this);
}

}  // namespace ebpf
