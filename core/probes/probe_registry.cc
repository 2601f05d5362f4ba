// SPDX-License-Identifier: MIT
//
// Attaching and detaching. DESIGN.md says why each step is where it is.
#include "core/probes/probe_registry.h"

#include "core/base/memory.h"
#include "core/machine/real_address.h"
#include "core/platform/cpu.h"
#include "core/platform/text.h"
#include "core/probes/refusal_log.h"
#include "core/probes/return_pool.h"
#include "core/sync/read_section.h"
#include "core/sync/text_quiescence.h"

namespace ebpf {
namespace {

constinit ProbeRegistry registry;

}  // namespace

constinit ProbeShared probe_shared = {};

ProbeRegistry& ProbeRegistry::Get() { return registry; }

Status ProbeRegistry::Init(const machine::MachineOps& ops,
                           Allocator& allocator) {
  MutexGuard guard(mutex_);
  ResetRefusalLog();
  if (cpus_.empty()) {  // else left over: its breakpoints still stand
    const Span<ProbeCpu> cpus =
        EBPF_TRY(allocator.NewArray<ProbeCpu>(ebpf_port_cpu_count()));
    const Status status = table_.Init(allocator);
    if (!IsOk(status)) {
      allocator.DeleteArray(cpus);
      return status;
    }
    cpus_ = cpus;
    allocator_ = &allocator;
    SetCpuSections(CpuSectionOwner::kProbes, &cpus_.data()->in_consumers,
                   sizeof(ProbeCpu));
    probe_shared.slots.Store(&slots_, kRelaxed);
    machine::pc_behind_slots.Store(OriginalPc, kRelaxed);
    // Releases all: pairs with the acquires in ProbeTrap.
    probe_shared.cpus.Store(cpus_.data(), kRelease);
  }
  return_pool.Init(allocator);
  ops_ = &ops;
  supported_ = relocates_ = false;
  refused_why_ = nullptr;
  said_why_ = false;
  return Status::kOk;
}

bool ProbeRegistry::Exit() {
  MutexGuard guard(mutex_);
  if (cpus_.empty()) {
    return true;
  }
  Drain();
  if (dead_sites_ != nullptr || dead_probes_ != nullptr || table_.has_old() ||
      return_pool.CountInFlight() != 0) {
    return false;
  }
  if (supported_ && !CloseSlots()) {
    return false;  // somebody is in a slot; a fault there is one of ours
  }
  probe_shared.cpus.Store(nullptr, kRelaxed);
  return_pool.Hide();
  // Traps that are none of ours may be looking right now; and who shows where
  // calls return, or tells that a task has ended.
  WaitForReaders();
  if (supported_ && !IsOk(WaitForMaskedText())) {
    return_pool.Show();
    probe_shared.cpus.Store(cpus_.data(), kRelease);
    return false;
  }
  SetCpuSections(CpuSectionOwner::kProbes, nullptr, 0);
  return_pool.Exit();
  table_.Exit();
  allocator_->DeleteArray(cpus_);
  cpus_ = {};
  return true;
}

/// Whoever is in a slot is soon out of it, unless its task is not running.
bool ProbeRegistry::CloseSlots() {
  constexpr int kTries = 8;
  for (int i = 0; i < kTries && IsOk(slots_.Close(*allocator_)); ++i) {
    if (slots_.empty()) {
      return true;
    }
    ebpf_port_relax();
  }
  return false;
}

// --- One and many ----------------------------------------------------------

Result<Ref<Kprobe>> ProbeRegistry::Attach(StringView symbol, uint64_t address,
                                          uint64_t offset,
                                          KprobeConsumer& consumer) {
  MutexGuard guard(mutex_);
  EBPF_TRY(CheckSupport());
  MakeRoomFor(1);
  const Place place = EBPF_TRY(Locate(symbol, address, offset));
  const Result<Kprobe*> probe = AttachOne(place, consumer);
  if (!probe.ok()) {
    DrainIfNeeded();
    return probe.status();
  }
  return Ref<Kprobe>::Adopt(*probe);
}

Status ProbeRegistry::AttachMany(Span<const uint64_t> addresses,
                                 KprobeConsumer& consumer,
                                 Span<Ref<Kprobe>> probes) {
  Status status = Status::kOk;
  {
    MutexGuard guard(mutex_);
    EBPF_TRY(CheckSupport());
    MakeRoomFor(addresses.size());
    size_t done = 0;
    for (; done < addresses.size() && IsOk(status); ++done) {
      const Result<Place> place = Locate("", addresses[done], 0);
      const Result<Kprobe*> probe = place.ok()
                                        ? AttachOne(*place, consumer)
                                        : Result<Kprobe*>(place.status());
      status = probe.status();
      if (probe.ok()) {
        probes[done] = Ref<Kprobe>::Adopt(*probe);
      }
    }
    if (!IsOk(status)) {
      (void)RemoveProbes(Span<const Ref<Kprobe>>(probes.First(done)));
      DrainIfNeeded();
    }
  }
  if (!IsOk(status)) {
    for (Ref<Kprobe>& probe : probes) {
      probe = Ref<Kprobe>();
    }
  }
  return status;
}

template <typename P>
Status ProbeRegistry::EnableMany(Span<P> probes) {
  MutexGuard guard(mutex_);
  for (const P& probe : probes) {
    if (probe->site_ == nullptr) {
      return Status::kInvalid;
    }
  }
  // Active before armed: the first hit counts.
  for (const P& probe : probes) {
    probe->newly_active_ = !probe->active_.Exchange(true, kRelaxed);
  }
  PlanDetours(probes);
  const Status status = Arm(probes);
  if (IsOk(status)) {
    WriteJumps(probes);
  } else {
    for (const P& probe : probes) {
      if (probe->newly_active_) {
        probe->active_.Store(false, kRelaxed);
      }
    }
    DisarmIdle(probes);
  }
  return status;
}

template <typename P>
void ProbeRegistry::DisableMany(Span<P> probes) {
  MutexGuard guard(mutex_);
  for (const P& probe : probes) {
    probe->active_.Store(false, kRelaxed);
  }
  DisarmIdle(probes);
}

template <typename P>
void ProbeRegistry::DetachMany(Span<P> probes) {
  MutexGuard guard(mutex_);
  if (RemoveProbes(probes)) {
    Drain();  // what a caller's consumer waits for
  }
}

template <typename P>
bool ProbeRegistry::RemoveProbes(Span<P> probes) {
  bool any = false;
  for (const P& probe : probes) {
    if (IsAttached(probe)) {
      probe->active_.Store(false, kRelaxed);
      any = true;
    }
  }
  DisarmIdle(probes);
  for (const P& probe : probes) {
    if (IsAttached(probe)) {
      ProbeSite& site = *probe->site_;
      RemoveProbe(*probe);
      BuryIfUnused(site);
    }
  }
  return any;
}

// For core/probes/kprobe.cc.
template Status ProbeRegistry::EnableMany(Span<Kprobe* const>);
template Status ProbeRegistry::EnableMany(Span<const Ref<Kprobe>>);
template void ProbeRegistry::DisableMany(Span<Kprobe* const>);
template void ProbeRegistry::DisableMany(Span<const Ref<Kprobe>>);
template void ProbeRegistry::DetachMany(Span<Kprobe* const>);
template void ProbeRegistry::DetachMany(Span<const Ref<Kprobe>>);

void ProbeRegistry::Delete(Kprobe& probe) {
  probe.Detach();
  MutexGuard guard(mutex_);
  if (probe.detached_at_ <= quiet_detachments_) {
    allocator_->Delete(&probe);
    return;
  }
  probe.next_dead_ = dead_probes_;
  dead_probes_ = &probe;
}

// --- Sites -----------------------------------------------------------------

void ProbeRegistry::MakeRoomFor(size_t count) {
  if (!table_.HasRoomFor(count)) {
    if (table_.has_old()) {
      Drain();
    }
    table_.MakeRoomFor(count);
  }
}

Result<Kprobe*> ProbeRegistry::AttachOne(const Place& place,
                                         KprobeConsumer& consumer) {
  EBPF_TRY(CheckFollow(place, consumer));
  ProbeSite* site = EBPF_TRY(FindOrMakeSite(place));
  const Result<Kprobe*> probe =
      allocator_->New<Kprobe>(consumer, site->plan.address);
  if (!probe.ok()) {
    BuryIfUnused(*site);
    return probe.status();
  }
  AddProbe(*site, **probe);
  return *probe;
}

Result<ProbeSite*> ProbeRegistry::FindOrMakeSite(const Place& place) {
  const uint64_t address = place.function.address + place.offset;
  ProbeSite* site = table_.Find(address);
  if (site != nullptr) {
    return site;  // perhaps a dead one, which lives again
  }
  const machine::ProbePlan plan = EBPF_TRY(PlanOrSayWhyNot(place));
  EBPF_TRY(RevertDetoursOver(address));
  return MakeSite(plan);
}

/// A slot for a plan that needs one, which becomes kRelocate where it can.
Result<uint64_t> ProbeRegistry::AllocateSlot(machine::ProbePlan& plan) {
  Result<uint64_t> slot = Status::kNoMemory;
  if (relocates_) {
    slot = slots_.Allocate(*allocator_, plan.address, ops_->relocate_reach);
  }
  if (!slot.ok()) {
    slot = slots_.Allocate(*allocator_, plan.address, ops_->slot_reach);
  }
  if (slot.ok() && relocates_ && !MakeDetourAtOnce(plan, *slot)) {
    (void)ops_->relocate_probe(plan, *slot);
  }
  return slot;
}

/// Where a jump covers one instruction it stands there from the beginning.
bool ProbeRegistry::MayDetourAtOnce(const machine::ProbePlan& plan) {
  return relocates_ && machine_detour_text.begin != nullptr &&
         ops_->may_detour != nullptr && ops_->find_window == nullptr &&
         ops_->may_detour(plan);
}

bool ProbeRegistry::MakeDetourAtOnce(machine::ProbePlan& plan, uint64_t slot) {
  machine::DetourWindow window = {plan.insn_size, 0, {}};
  CopyBytes(window.insns, plan.insn, plan.insn_size);
  return MayDetourAtOnce(plan) &&
         ops_->make_detour(
             plan, window, slot,
             reinterpret_cast<uintptr_t>(machine_detour_text.begin));
}

/// The slot of a plan that needs none without a detour; 0: it has none.
uint64_t ProbeRegistry::TryDetourAtOnce(machine::ProbePlan& plan) {
  if (!MayDetourAtOnce(plan)) {
    return 0;
  }
  const Result<uint64_t> slot =
      slots_.Allocate(*allocator_, plan.address, ops_->relocate_reach);
  if (!slot.ok() || MakeDetourAtOnce(plan, *slot)) {
    return slot.ok() ? *slot : 0;
  }
  slots_.Return(*slot);
  return 0;
}

Result<ProbeSite*> ProbeRegistry::MakeSite(const machine::ProbePlan& wanted) {
  machine::ProbePlan plan = wanted;
  uint64_t slot = 0;
  if (plan.method == machine::ProbeMethod::kStep) {
    slot = EBPF_TRY(AllocateSlot(plan));
  } else {
    slot = TryDetourAtOnce(plan);
  }
  const Result<ProbeSite*> made = allocator_->New<ProbeSite>(plan);
  if (!made.ok()) {
    if (slot != 0) {
      slots_.Return(slot);
    }
    return made.status();
  }
  ProbeSite* site = *made;
  site->slot = slot;
  if (plan.method == machine::ProbeMethod::kRelocate ||
      plan.method == machine::ProbeMethod::kDetour) {
    slots_.SetOrigin(slot, plan.address, plan.copy_offset,
                     machine::SizeInSlot(plan));
  }
  table_.Add(*site);
  return site;
}

void ProbeRegistry::AddProbe(ProbeSite& site, Kprobe& probe) {
  Atomic<Kprobe*>* at = &site.first;
  while (Kprobe* other = at->Load(kRelaxed)) {
    at = &other->next_;
  }
  probe.site_ = &site;
  // Releases the probe: pairs with the acquires in CountMissed and Run.
  at->Store(&probe, kRelease);
}

void ProbeRegistry::RemoveProbe(Kprobe& probe) {
  Atomic<Kprobe*>* at = &probe.site_->first;
  while (at->Load(kRelaxed) != &probe) {
    at = &at->Load(kRelaxed)->next_;
  }
  // Releases the next one once more, for who comes to it by this way.
  at->Store(probe.next_.Load(kRelaxed), kRelease);
  probe.site_ = nullptr;
  probe.detached_at_ = ++detachments_;
}

bool ProbeRegistry::AnyActive(const ProbeSite& site) {
  const Kprobe* probe = site.first.Load(kRelaxed);
  while (probe != nullptr && !probe->enabled()) {
    probe = probe->next_.Load(kRelaxed);
  }
  return probe != nullptr;
}

template <typename P>
Status ProbeRegistry::Arm(Span<P> probes) {
  for (const P& probe : probes) {
    const Status status = patches_.Arm(*probe->site_);
    if (!IsOk(status)) {
      return status;
    }
  }
  return patches_.Apply();
}

template <typename P>
void ProbeRegistry::DisarmIdle(Span<P> probes) {
  Status status = Status::kOk;
  for (const P& probe : probes) {
    if (status == Status::kBusy) {
      break;  // it would be waited for again and again
    }
    if (IsAttached(probe) && !AnyActive(*probe->site_)) {
      // Where it cannot be done now it is tried again at the end of the site;
      // the breakpoint serves nobody meanwhile.
      status = patches_.Disarm(*probe->site_);
    }
  }
  patches_.Finish(status);
}

// --- The dead --------------------------------------------------------------

void ProbeRegistry::BuryIfUnused(ProbeSite& site) {
  if (site.first.Load(kRelaxed) == nullptr && !site.is_listed_dead) {
    site.is_listed_dead = true;
    site.next_dead = dead_sites_;
    dead_sites_ = &site;
  }
}

void ProbeRegistry::UnpublishDead() {
  Status status = Status::kOk;
  ProbeSite** link = &dead_sites_;
  while (ProbeSite* site = *link) {
    if (site->first.Load(kRelaxed) != nullptr) {
      site->is_listed_dead = false;  // it lives again
      *link = site->next_dead;
      continue;
    }
    if (status != Status::kBusy) {
      status = patches_.Disarm(*site);
    }
    link = &site->next_dead;
  }
  patches_.Finish(status);
  for (ProbeSite* site = dead_sites_; site != nullptr; site = site->next_dead) {
    // One whose breakpoint stays must be found by those that hit it.
    if (site->published && !site->armed) {
      table_.Remove(*site);
      if (site->slot != 0) {
        slots_.Free(site->slot);
      }
    }
  }
}

void ProbeRegistry::Drain() {
  UnpublishDead();
  // First the readers: the last of them, when it leaves, has masked interrupts
  // until it is through with the site. Then the text: for those.
  const uint64_t detachments = detachments_;
  WaitForReaders();
  if (IsOk(slots_.Quiesce(*allocator_))) {
    quiet_detachments_ = detachments;
    FreeDead();
    if (table_.Trim() && IsOk(WaitForText(0, 0))) {
      table_.FreeOld();
    }
    RetryJumps();
  }
}

void ProbeRegistry::DrainIfNeeded() {
  if (dead_sites_ != nullptr || slots_.has_freed() ||
      detachments_ != quiet_detachments_) {
    Drain();
  }
}

void ProbeRegistry::FreeDead() {
  table_.FreeOld();
  while (Kprobe* probe = dead_probes_) {
    dead_probes_ = probe->next_dead_;
    allocator_->Delete(probe);
  }
  ProbeSite** link = &dead_sites_;
  while (ProbeSite* site = *link) {
    if (site->published) {
      link = &site->next_dead;
      continue;
    }
    *link = site->next_dead;
    allocator_->Delete(site);
  }
}

}  // namespace ebpf
