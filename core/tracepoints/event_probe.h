// SPDX-License-Identifier: MIT
//
// One probe of a named event: what a line of kprobe_events made.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/machine/register_names.h"
#include "core/memory/allocator.h"
#include "core/probes/kprobe.h"
#include "core/probes/return_hook.h"
#include "core/tracepoints/probe_definition.h"
#include "core/tracepoints/trace_event.h"

namespace ebpf {

class ProbeEvent;

/// Context of what is not said otherwise: task.
class EventProbe final : public KprobeConsumer, public CallConsumer {
 public:
  /// At its place, disabled, and of no event yet. What ProbeDefinition::Parse,
  /// AttachKprobe and ReturnHook::Prepare say.
  static Result<EventProbe*> Create(StringView line,
                                    const machine::RegisterNames& registers,
                                    ProbeError& error, Allocator& allocator);
  /// Its event tells nobody of it any more.
  void Delete();

  const ProbeDefinition& definition() const { return *definition_; }
  /// Its event has the definition from now on, and keeps it longer; or not.
  ProbeDefinition* LendDefinition() {
    owns_definition_ = false;
    return definition_;
  }
  void TakeBackDefinition() { owns_definition_ = true; }
  /// Whom it tells. Before it is enabled.
  ProbeEvent& event() const { return *event_.Load(kRelaxed); }
  void SetEvent(ProbeEvent& event) { event_.Store(&event, kRelease); }

  /// What Kprobe::Enable says.
  Status Enable() { return probe_->Enable(); }
  void Disable() { probe_->Disable(); }
  /// Programs on its event may make its function return.
  void AllowOverride() { SetMayDivert(true); }

  /// Hits of the time in which somebody wanted them. Context: any.
  uint64_t hits() const { return hits_.Load(kRelaxed); }
  uint64_t missed() const { return probe_->missed() + hook_.missed(); }
  void DescribePlace(ProbePlace& place) const;
  bool may_override() const { return may_override_; }

  /// KprobeConsumer. Context: any.
  void Hit(machine::PtRegs& regs) override;
  /// CallConsumer, where arguments are kept. Context: any.
  bool Entered(machine::PtRegs& regs, uint64_t& data) override;
  /// ReturnConsumer. Context: any.
  void Returned(machine::PtRegs& regs, const ReturnedCall& call) override;

  EventProbe* next = nullptr;  // of its event, in the order of making

  // The list of all, under its lock.
  EventProbe* next_of_all = nullptr;
  uint64_t number = 0;  // grows along the list

 private:
  friend class Allocator;

  EventProbe(const machine::RegisterNames& registers, Allocator& allocator)
      : registers_(registers), allocator_(allocator) {}
  ~EventProbe() = default;

  Status Init(StringView line, ProbeError& error);
  void Tell(machine::PtRegs& regs, const uint64_t (&places)[2], uint64_t call);

  const machine::RegisterNames& registers_;
  Allocator& allocator_;
  Atomic<ProbeEvent*> event_{nullptr};
  ProbeDefinition* definition_ = nullptr;
  bool owns_definition_ = true;
  ReturnHook hook_{static_cast<ReturnConsumer&>(*this)};
  /// Arguments of the calls under way, by the calls' numbers.
  Span<uint64_t> kept_;
  Ref<Kprobe> probe_;      // of this, or of the hook
  uint64_t function_ = 0;  // at whose entry it stands, or 0
  bool may_override_ = false;
  Atomic<uint64_t> hits_{0};
};

}  // namespace ebpf
