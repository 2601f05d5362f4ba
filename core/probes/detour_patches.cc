// SPDX-License-Identifier: MIT
//
// core/probes/detour_patches.h's implementation. DESIGN.md says what is asked.
#include "core/probes/detour_patches.h"

#include "core/base/memory.h"
#include "core/sync/text_quiescence.h"

namespace ebpf {
namespace {

using machine::ProbePlan;

/// What the text holds under a jump while the breakpoint stands.
struct Breakpoint {
  explicit Breakpoint(const ProbePlan& plan) {
    CopyBytes(bytes, plan.insn, plan.jump_size);
    CopyBytes(bytes, plan.breakpoint, plan.breakpoint_size);
  }
  uint8_t bytes[machine::kMaxJumpSize];
};

bool IsInside(const ProbePlan& plan, uint64_t place) {
  return place > plan.address && place < plan.address + plan.window_size;
}

}  // namespace

// Who goes on at `pc` comes to the inside of a window: it is there, or in a
// slot that leads there, or to where its fault is put back to. Most are nowhere
// near, and there may be thousands of them.
void DetourPatches::See(void* patches, uintptr_t pc) {
  auto& self = *static_cast<DetourPatches*>(patches);
  self.all_entered_ =
      self.all_entered_ || machine_detour_text.Overlaps(pc, 1);  // by any slot
  const SlotPool& slots = *probe_shared.slots.Load(kRelaxed);
  const uint64_t places[] = {slots.OriginOf(pc), slots.EndOf(pc)};
  for (const uint64_t place : places) {
    if (place - self.lowest_ >= self.highest_ - self.lowest_) {
      continue;
    }
    for (size_t i = 0; i < self.site_count_; ++i) {
      self.is_entered_[i] =
          self.is_entered_[i] || IsInside(self.sites_[i]->plan, place);
    }
  }
}

void DetourPatches::Decide(void* patches, bool listed) {
  auto& self = *static_cast<DetourPatches*>(patches);
  for (size_t i = 0; i < self.site_count_; ++i) {
    ProbeSite& site = *self.sites_[i];
    const ProbePlan& plan = site.plan;
    const bool is_quiet = listed && !self.all_entered_ && !self.is_entered_[i];
    const Breakpoint breakpoint(plan);
    const TextPatch jump = {plan.address, breakpoint.bytes, plan.jump,
                            plan.jump_size};
    // What could not be taken back stands.
    site.jumps =
        is_quiet && (ApplyWhereStopped({&jump, 1}) == 0 || TextHolds(jump));
  }
}

size_t DetourPatches::WantJump(ProbeSite& site) {
  if (!site.armed || site.jumps ||
      site.plan.method != machine::ProbeMethod::kDetour) {
    return 0;
  }
  sites_[site_count_++] = &site;
  return site_count_ == kMaxSites ? WriteJumps() : 0;
}

size_t DetourPatches::WriteJumps() {
  if (site_count_ == 0) {
    return 0;
  }
  all_entered_ = false;
  lowest_ = UINT64_MAX;
  highest_ = 0;
  for (size_t i = 0; i < site_count_; ++i) {
    const ProbePlan& plan = sites_[i]->plan;
    is_entered_[i] = false;
    lowest_ = Min(lowest_, plan.address);
    highest_ = Max(highest_, plan.address + plan.window_size);
  }
  // Where a CPU does not come nothing was asked, and nothing written.
  CountTextChange();
  (void)InspectText({See, Decide, this});
  size_t left = 0;
  for (size_t i = 0; i < site_count_; ++i) {
    left += sites_[i]->jumps ? 0 : 1;
  }
  site_count_ = 0;
  return left;
}

int DetourPatches::Reversal::Apply() const {
  const Breakpoint breakpoint(site.plan);
  TextPatch patches[2];
  size_t count = 0;
  if (site.armed && slot != 0) {
    patches[count++] = {slot, nullptr, plan.slot, plan.slot_size};
  }
  if (site.jumps) {
    patches[count++] = {site.plan.address, site.plan.jump, breakpoint.bytes,
                        site.plan.jump_size};
  }
  const int status =
      ApplyWhereStopped(Span<const TextPatch>(patches).First(count));
  if (status == 0) {
    // No CPU is in a trap: nobody sees half of it.
    site.plan = plan;
    site.slot = slot;
    site.slot_written = site.armed;
    site.jumps = false;
  }
  return status;
}

Status DetourPatches::Revert(ProbeSite& site, const ProbePlan& plan,
                             uint64_t slot) {
  Reversal reversal = {site, plan, slot, 0};
  CountTextChange();
  EBPF_TRY(InspectText({[](void*, uintptr_t) {},
                        [](void* argument, bool) {
                          auto& to_do = *static_cast<Reversal*>(argument);
                          to_do.result = to_do.Apply();
                        },
                        &reversal}));
  return static_cast<Status>(-reversal.result);
}

}  // namespace ebpf
