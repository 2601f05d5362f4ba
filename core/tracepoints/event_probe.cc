// SPDX-License-Identifier: MIT
//
// core/tracepoints/event_probe.h's implementation.
#include "core/tracepoints/event_probe.h"

#include "core/base/memory.h"
#include "core/machine/function_entry.h"
#include "core/machine/return_stubs.h"
#include "core/probes/function_entry.h"
#include "core/tracepoints/probe_event.h"

namespace ebpf {

Result<EventProbe*> EventProbe::Create(StringView line,
                                       const machine::RegisterNames& registers,
                                       ProbeError& error,
                                       Allocator& allocator) {
  EventProbe* probe = EBPF_TRY(allocator.New<EventProbe>(registers, allocator));
  const Status status = probe->Init(line, error);
  if (!IsOk(status)) {
    probe->Delete();
    return status;
  }
  return probe;
}

Status EventProbe::Init(StringView line, ProbeError& error) {
  definition_ = EBPF_TRY(allocator_.New<ProbeDefinition>(allocator_));
  EBPF_TRY(definition_->Parse(line, registers_, error));
  if (definition_->is_return()) {
    EBPF_TRY(ReturnHook::Prepare());
  }
  if (const size_t count = definition_->kept().count()) {
    kept_ = EBPF_TRY(
        allocator_.NewArray<uint64_t>(machine::kReturnStubCount * count));
    hook_.TellOfCalls(*this);
  }
  KprobeConsumer& consumer =
      definition_->is_return() ? static_cast<KprobeConsumer&>(hook_) : *this;
  probe_ = EBPF_TRY(AttachKprobe(definition_->symbol(), definition_->address(),
                                 definition_->offset(), consumer));
  function_ = FunctionEnteredAt(probe_->address());
  may_override_ = MayOverrideAt(probe_->address());
  return Status::kOk;
}

void EventProbe::Delete() {
  if (probe_) {
    probe_->Detach();  // from here on Hit runs nowhere
    hook_.Cancel();    // nor Returned
  }
  allocator_.DeleteArray(kept_);
  if (owns_definition_ && definition_ != nullptr) {
    allocator_.Delete(definition_);
  }
  allocator_.Delete(this);
}

void EventProbe::DescribePlace(ProbePlace& place) const {
  const StringView symbol = definition_->symbol();
  place.symbol_size = Min(symbol.size(), sizeof(place.symbol));
  CopyBytes(place.symbol, symbol.data(), place.symbol_size);
  place.offset = definition_->offset();
  place.address = probe_->address();
  place.is_return = definition_->is_return();
}

void EventProbe::Hit(machine::PtRegs& regs) {
  // Programs find the pc where Linux's do.
  uint64_t& pc = machine::PcIn(regs);
  const uint64_t address = pc;
  const uint64_t behind = address + machine::kPcBehindProbe;
  pc = behind;
  Tell(regs, {address, 0}, 0);
  if (pc == behind) {
    pc = address;
  }
}

bool EventProbe::Entered(machine::PtRegs& regs, uint64_t& data) {
  if (event_.Load(kAcquire) == nullptr) {
    return false;  // as in Tell
  }
  const KeptArguments& kept = definition_->kept();
  kept.Fetch(registers_, regs, kept_.data() + data * kept.count());
  return true;
}

void EventProbe::Returned(machine::PtRegs& regs, const ReturnedCall& call) {
  Tell(regs, {call.function, call.return_address}, call.data);
}

void EventProbe::Tell(machine::PtRegs& regs, const uint64_t (&places)[2],
                      uint64_t call) {
  // Where another probe stood already, a first hit may come before anything
  // orders it behind Init: that does the acquire, which pairs with the release
  // in SetEvent.
  ProbeEvent* const event = event_.Load(kAcquire);
  // A call may return when its probe was disabled.
  if (event == nullptr || !probe_->enabled()) {
    return;
  }
  hits_.FetchAdd(1, kRelaxed);
  const uint64_t* const kept =
      kept_.data() + call * definition_->kept().count();
  event->Tell({*definition_,
               regs,
               {registers_, regs, kept},
               places,
               {function_, definition_->is_return()}});
}

}  // namespace ebpf
