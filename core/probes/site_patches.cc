// SPDX-License-Identifier: MIT
//
// core/probes/site_patches.h's implementation.
#include "core/probes/site_patches.h"

namespace ebpf {
namespace {

bool NeedsSlot(const ProbeSite& site) {
  return site.slot != 0 && !site.slot_written;
}

bool Holds(const ProbeSite& site, const uint8_t* bytes, uint8_t size) {
  return TextHolds({site.plan.address, nullptr, bytes, size});
}
bool HoldsBreakpoint(const ProbeSite& site, bool jumps) {
  const machine::ProbePlan& plan = site.plan;
  return jumps ? Holds(site, plan.jump, plan.jump_size)
               : Holds(site, plan.breakpoint, plan.breakpoint_size);
}
bool HoldsInsn(const ProbeSite& site) {
  return Holds(site, site.plan.insn,
               site.jumps ? site.plan.jump_size : site.plan.breakpoint_size);
}

}  // namespace

Status SitePatches::Add(ProbeSite& site, bool arm) {
  if (site.patching) {
    return Status::kOk;
  }
  if (site.armed == arm) {
    if (!arm || HoldsBreakpoint(site, site.jumps)) {
      return Status::kOk;
    }
    // Somebody else wrote over it. Who has put the instruction back since?
    if (!HoldsInsn(site)) {
      return Status::kIo;
    }
    site.armed = site.jumps = false;
  }
  const size_t needed = arm && NeedsSlot(site) ? 2 : 1;
  Status status = Status::kOk;
  if (collected_ + needed > kMaxTextPatches) {
    status = Apply();
    if (!IsOk(status) && arm) {
      return status;
    }
  }
  arm_ = arm;
  site.patching = true;
  sites_[site_count_++] = &site;
  collected_ += needed;
  return status;
}

void SitePatches::Drop() {
  for (size_t i = 0; i < site_count_; ++i) {
    sites_[i]->patching = false;
  }
  site_count_ = 0;
  collected_ = 0;
}

void SitePatches::Finish(Status status) {
  if (status == Status::kBusy) {
    Drop();
  } else {
    (void)Apply();
  }
}

void SitePatches::AddPatches(ProbeSite& site) {
  const machine::ProbePlan& plan = site.plan;
  const bool jumps = arm_ ? site.JumpsAtOnce() : site.jumps;
  const uint8_t* there = jumps ? plan.jump : plan.breakpoint;
  const uint8_t size = jumps ? plan.jump_size : plan.breakpoint_size;
  if (!arm_) {
    patches_[patch_count_++] = {plan.address, there, plan.insn, size};
    return;
  }
  // Slot and breakpoint appear at once: the other CPUs stand still. The slot
  // comes first: the probe may be inside what writes text.
  if (NeedsSlot(site)) {
    patches_[patch_count_++] = {site.slot, nullptr, plan.slot, plan.slot_size};
  }
  patches_[patch_count_++] = {plan.address, plan.insn, there, size};
}

Status SitePatches::ApplyTo(size_t first, size_t count) {
  patch_count_ = 0;
  for (size_t i = first; i < first + count; ++i) {
    AddPatches(*sites_[i]);
  }
  const Status status =
      ApplyTextPatches(Span<const TextPatch>(patches_).First(patch_count_));
  if (!IsOk(status)) {
    for (size_t i = first; i < first + count; ++i) {
      LookAfterFailure(*sites_[i]);
    }
    return status;
  }
  for (size_t i = first; i < first + count; ++i) {
    ProbeSite& site = *sites_[i];
    site.armed = arm_;
    site.jumps = arm_ && site.JumpsAtOnce();
    site.slot_written = site.slot_written || arm_;
    site.was_armed = true;
  }
  return Status::kOk;
}

/// What could not be taken back is as it is. A breakpoint that somebody else
/// wrote over may return; and it needs its site then.
void SitePatches::LookAfterFailure(ProbeSite& site) {
  if (!arm_) {
    site.armed = !HoldsInsn(site);
    site.jumps = site.jumps && site.armed;
  } else if (HoldsBreakpoint(site, site.JumpsAtOnce())) {
    site.armed = true;
    site.jumps = site.JumpsAtOnce();
    site.slot_written = site.slot != 0;  // it was written before
    site.was_armed = true;
  }
}

Status SitePatches::Apply() {
  const size_t count = site_count_;
  Drop();
  if (count == 0) {
    return Status::kOk;
  }
  const Status status = ApplyTo(0, count);
  if (IsOk(status) || arm_ || count == 1 || status == Status::kBusy) {
    return status;
  }
  // One that somebody else changed shall not keep the others' breakpoints.
  for (size_t i = 0; i < count; ++i) {
    (void)ApplyTo(i, 1);
  }
  return status;
}

}  // namespace ebpf
