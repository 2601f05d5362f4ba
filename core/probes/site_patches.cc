// SPDX-License-Identifier: MIT
//
// core/probes/site_patches.h's implementation.
#include "core/probes/site_patches.h"

namespace ebpf {
namespace {

bool NeedsSlot(const ProbeSite& site) {
  return site.slot != 0 && !site.slot_written;
}

}  // namespace

Status SitePatches::Add(ProbeSite& site, bool arm) {
  if (site.armed == arm || site.patching) {
    return Status::kOk;
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
  EBPF_TRY(
      ApplyTextPatches(Span<const TextPatch>(patches_).First(patch_count_)));
  for (size_t i = first; i < first + count; ++i) {
    ProbeSite& site = *sites_[i];
    site.armed = arm_;
    site.jumps = arm_ && site.JumpsAtOnce();
    site.slot_written = site.slot_written || arm_;
    site.was_armed = true;
  }
  return Status::kOk;
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
