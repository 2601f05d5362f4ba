// SPDX-License-Identifier: MIT
//
// core/perf/kprobe_event.h's implementation.
#include "core/perf/kprobe_event.h"

#include "core/platform/symbols.h"
#include "core/sync/read_section.h"

namespace ebpf {

Result<Ref<KprobeEvent>> KprobeEvent::Create(const EventTarget& target,
                                             EventScope scope,
                                             Allocator& allocator) {
  KprobeEvent* event = EBPF_TRY(allocator.New<KprobeEvent>(scope, allocator));
  Ref<KprobeEvent> ref = Ref<KprobeEvent>::Adopt(event);
  event->probe_ = EBPF_TRY(
      AttachKprobe(target.symbol, target.address, target.offset, *event));
  ebpf_symbol symbol;
  const uint64_t address = event->probe_->address();
  if (ebpf_port_symbol_by_address(address, &symbol) &&
      symbol.address == address) {
    event->function_ = address;
  }
  return ref;
}

Status KprobeEvent::SetProgram(Ref<Program> program) {
  if (program->type().id != ProgramTypeId::kKprobe) {
    return Status::kInvalid;
  }
  Program* none = nullptr;
  // Releases the program's making: pairs with the acquire in Hit.
  if (!program_.CompareExchange(none, program.get(), kRelease)) {
    return Status::kExists;
  }
  (void)program.Leak();  // the reference is program_'s now
  return Status::kOk;
}

Status KprobeEvent::Output(ConstBytes /*data*/) { return Status::kInvalid; }

Result<CounterReading> KprobeEvent::ReadCounter() const {
  if (!scope_.IsHere()) {
    return Status::kInvalid;
  }
  return CounterReading{count(), 0, 0};
}

void KprobeEvent::Hit(machine::PtRegs& regs) {
  // Pairs with the release in SetProgram.
  const Program* program = program_.Load(kAcquire);
  // As in Linux, a program that returns 0 keeps the hit from perf.
  if (program != nullptr &&
      program->RunUnlessNested(&regs, {cookie(), function_}) == 0) {
    return;
  }
  if (scope_.IsHere()) {
    count_.FetchAdd(1, kRelaxed);
  }
}

void KprobeEvent::Destroy() {
  if (probe_) {
    probe_->Detach();  // from here on Hit runs nowhere
  }
  WaitForReaders();  // programs that found it in an array
  if (Program* program = program_.Load(kRelaxed)) {
    program->Release();
  }
  allocator_.Delete(this);
}

}  // namespace ebpf
