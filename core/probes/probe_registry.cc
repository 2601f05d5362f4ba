// SPDX-License-Identifier: MIT
//
// Attaching and detaching. DESIGN.md says why each step is where it is.
#include "core/probes/probe_registry.h"

#include "core/platform/cpu.h"
#include "core/platform/text.h"
#include "core/probes/text_patch.h"
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
  if (table_ == nullptr) {  // else left over: its breakpoints still stand
    ProbeTable* table = EBPF_TRY(allocator.New<ProbeTable>());
    const Result<Span<ProbeCpu>> cpus =
        allocator.NewArray<ProbeCpu>(ebpf_port_cpu_count());
    if (!cpus.ok()) {
      allocator.Delete(table);
      return cpus.status();
    }
    table_ = table;
    cpus_ = *cpus;
    allocator_ = &allocator;
    probe_shared.table.Store(table, kRelaxed);
    // Releases both: pairs with the acquires in ProbeTrap.
    probe_shared.cpus.Store(cpus_.data(), kRelease);
  }
  ops_ = &ops;
  supported_ = false;
  return Status::kOk;
}

bool ProbeRegistry::Exit() {
  MutexGuard guard(mutex_);
  if (table_ == nullptr) {
    return true;
  }
  Drain();
  if (dead_sites_ != nullptr || dead_arrays_ != nullptr ||
      dead_probes_ != nullptr) {
    return false;
  }
  probe_shared.cpus.Store(nullptr, kRelaxed);
  // Traps that are none of ours may be looking right now.
  if (supported_ && !IsOk(WaitForText(0, 0))) {
    probe_shared.cpus.Store(cpus_.data(), kRelease);
    return false;
  }
  probe_shared.table.Store(nullptr, kRelaxed);
  allocator_->DeleteArray(cpus_);
  allocator_->Delete(table_);
  cpus_ = {};
  table_ = nullptr;
  return true;
}

Result<Ref<Kprobe>> ProbeRegistry::Attach(StringView symbol, uint64_t address,
                                          uint64_t offset,
                                          KprobeConsumer& consumer) {
  MutexGuard guard(mutex_);
  EBPF_TRY(CheckSupport());
  const Place place = EBPF_TRY(Locate(symbol, address, offset));
  ProbeSite* site = EBPF_TRY(FindOrMakeSite(place));
  const Result<Kprobe*> probe =
      allocator_->New<Kprobe>(consumer, site->plan.address);
  Status status = probe.status();
  if (probe.ok()) {
    status = AddProbe(*site, **probe);
    if (IsOk(status)) {
      return Ref<Kprobe>::Adopt(*probe);
    }
    allocator_->Delete(*probe);
  }
  BuryIfUnused(*site);
  Drain();
  return status;
}

Status ProbeRegistry::Enable(Kprobe& probe) {
  MutexGuard guard(mutex_);
  if (probe.site_ == nullptr) {
    return Status::kInvalid;
  }
  // Active before armed: the first hit counts.
  const bool was_active = probe.active_.Exchange(true, kRelaxed);
  const Status status = Arm(*probe.site_);
  if (!IsOk(status)) {
    probe.active_.Store(was_active, kRelaxed);
  }
  return status;
}

void ProbeRegistry::Disable(Kprobe& probe) {
  MutexGuard guard(mutex_);
  probe.active_.Store(false, kRelaxed);
  if (probe.site_ != nullptr && !AnyActive(*probe.site_)) {
    // Where it cannot be done now it is tried again at the end of the site;
    // the breakpoint serves nobody meanwhile.
    (void)Disarm(*probe.site_);
  }
}

void ProbeRegistry::Detach(Kprobe& probe) {
  MutexGuard guard(mutex_);
  if (probe.site_ == nullptr) {
    return;
  }
  ProbeSite& site = *probe.site_;
  probe.active_.Store(false, kRelaxed);
  RemoveProbe(probe);
  BuryIfUnused(site);
  if (!AnyActive(site)) {
    (void)Disarm(site);  // Drain tries again
  }
  Drain();
}

void ProbeRegistry::Delete(Kprobe& probe) {
  Detach(probe);
  MutexGuard guard(mutex_);
  if (probe.detached_at_ <= quiet_detachments_) {
    allocator_->Delete(&probe);
    return;
  }
  probe.next_dead_ = dead_probes_;
  dead_probes_ = &probe;
}

// --- Sites -----------------------------------------------------------------

Result<ProbeSite*> ProbeRegistry::FindOrMakeSite(const Place& place) {
  const uint64_t address = place.function.address + place.offset;
  ProbeSite* site = table_->Find(address);
  if (site != nullptr) {
    TakeFromDead(*site);
    return site;
  }
  const machine::ProbePlan plan = EBPF_TRY(Plan(place));
  EBPF_TRY(CheckAllowed(plan));
  return MakeSite(plan);
}

Result<ProbeSite*> ProbeRegistry::MakeSite(const machine::ProbePlan& plan) {
  ProbeArray* array = EBPF_TRY(NewArray(1));
  const Result<ProbeSite*> made = allocator_->New<ProbeSite>(plan);
  if (!made.ok()) {
    FreeArray(array);
    return made.status();
  }
  ProbeSite& site = **made;
  site.probes.Store(array, kRelaxed);
  if (plan.method == machine::ProbeMethod::kStep) {
    const Result<uint64_t> slot =
        slots_.Allocate(*allocator_, plan.address, ops_->slot_reach);
    if (!slot.ok()) {
      FreeArray(array);
      allocator_->Delete(&site);
      return slot.status();
    }
    site.slot = *slot;
  }
  Publish(site);
  return &site;
}

Result<ProbeArray*> ProbeRegistry::NewArray(uint32_t capacity) {
  void* memory = allocator_->Allocate(
      sizeof(ProbeArray) + capacity * sizeof(Atomic<Kprobe*>),
      alignof(ProbeArray));
  if (memory == nullptr) {
    return Status::kNoMemory;
  }
  auto* array = static_cast<ProbeArray*>(memory);  // zeroed: all empty
  array->capacity = capacity;
  return array;
}

Status ProbeRegistry::AddProbe(ProbeSite& site, Kprobe& probe) {
  if (site.probe_count == site.probes.Load(kRelaxed)->capacity) {
    EBPF_TRY(GrowArray(site));
  }
  ProbeArray* array = site.probes.Load(kRelaxed);
  uint32_t place = 0;
  while (array->probes[place].Load(kRelaxed) != nullptr) {
    ++place;
  }
  probe.site_ = &site;
  ++site.probe_count;
  // Releases the probe: pairs with the acquires in CountMissed and Run.
  array->probes[place].Store(&probe, kRelease);
  return Status::kOk;
}

Status ProbeRegistry::GrowArray(ProbeSite& site) {
  ProbeArray* old = site.probes.Load(kRelaxed);
  ProbeArray* array = EBPF_TRY(NewArray(old->capacity * 2));
  for (uint32_t i = 0; i < old->capacity; ++i) {
    array->probes[i].Store(old->probes[i].Load(kRelaxed), kRelaxed);
  }
  // Releases the copy: pairs with the acquires in CountMissed and Run.
  site.probes.Store(array, kRelease);
  old->next_dead = dead_arrays_;
  dead_arrays_ = old;
  return Status::kOk;
}

void ProbeRegistry::RemoveProbe(Kprobe& probe) {
  ProbeArray* array = probe.site_->probes.Load(kRelaxed);
  uint32_t place = 0;
  while (array->probes[place].Load(kRelaxed) != &probe) {
    ++place;
  }
  array->probes[place].Store(nullptr, kRelaxed);
  --probe.site_->probe_count;
  probe.site_ = nullptr;
  probe.detached_at_ = ++detachments_;
}

bool ProbeRegistry::AnyActive(const ProbeSite& site) {
  const ProbeArray* array = site.probes.Load(kRelaxed);
  for (uint32_t i = 0; i < array->capacity; ++i) {
    const Kprobe* probe = array->probes[i].Load(kRelaxed);
    if (probe != nullptr && probe->enabled()) {
      return true;
    }
  }
  return false;
}

void ProbeRegistry::Publish(ProbeSite& site) {
  Atomic<ProbeSite*>& bucket =
      table_->buckets[ProbeTable::BucketOf(site.plan.address)];
  site.next.Store(bucket.Load(kRelaxed), kRelaxed);
  // Releases the site: pairs with the acquires in Find.
  bucket.Store(&site, kRelease);
  site.published = true;
}

void ProbeRegistry::Unpublish(ProbeSite& site) {
  Atomic<ProbeSite*>* link =
      &table_->buckets[ProbeTable::BucketOf(site.plan.address)];
  while (link->Load(kRelaxed) != &site) {
    link = &link->Load(kRelaxed)->next;
  }
  // Releases nothing new; who stands on `site` still finds its `next`.
  link->Store(site.next.Load(kRelaxed), kRelease);
  site.published = false;
}

Status ProbeRegistry::Arm(ProbeSite& site) {
  if (site.armed) {
    return Status::kOk;
  }
  const machine::ProbePlan& plan = site.plan;
  // Slot and breakpoint appear at once: the other CPUs stand still. The slot
  // comes first: the probe may be inside what writes text.
  const TextPatch patches[] = {
      {site.slot, nullptr, plan.slot, plan.slot_size},
      {plan.address, plan.insn, plan.breakpoint, plan.breakpoint_size},
  };
  const bool needs_slot = site.slot != 0 && !site.slot_written;
  const Span<const TextPatch> both(patches);
  EBPF_TRY(ApplyTextPatches(needs_slot ? both : both.Subspan(1)));
  site.armed = true;
  site.slot_written = needs_slot || site.slot_written;
  return Status::kOk;
}

Status ProbeRegistry::Disarm(ProbeSite& site) {
  if (!site.armed) {
    return Status::kOk;
  }
  const machine::ProbePlan& plan = site.plan;
  const TextPatch patch = {plan.address, plan.breakpoint, plan.insn,
                           plan.breakpoint_size};
  EBPF_TRY(ApplyTextPatches(Span<const TextPatch>(&patch, 1)));
  site.armed = false;
  return Status::kOk;
}

// --- The dead --------------------------------------------------------------

void ProbeRegistry::BuryIfUnused(ProbeSite& site) {
  if (site.probe_count == 0) {
    site.next_dead = dead_sites_;
    dead_sites_ = &site;
  }
}

void ProbeRegistry::TakeFromDead(ProbeSite& site) {
  ProbeSite** link = &dead_sites_;
  while (*link != nullptr && *link != &site) {
    link = &(*link)->next_dead;
  }
  if (*link != nullptr) {
    *link = site.next_dead;
  }
}

void ProbeRegistry::Drain() {
  for (ProbeSite* site = dead_sites_; site != nullptr; site = site->next_dead) {
    // One whose breakpoint stays must be found by those that hit it.
    if (site->published && IsOk(Disarm(*site))) {
      Unpublish(*site);
    }
  }
  // First the readers: the last of them, when it leaves, has masked interrupts
  // until it is through with the site. Then the text: for those.
  const uint64_t detachments = detachments_;
  WaitForReaders();
  if (IsOk(WaitForText(0, 0))) {
    quiet_detachments_ = detachments;
    FreeDead();
  }
}

void ProbeRegistry::FreeDead() {
  while (ProbeArray* array = dead_arrays_) {
    dead_arrays_ = array->next_dead;
    FreeArray(array);
  }
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
    FreeSite(*site);
  }
  (void)slots_.Shrink(*allocator_);
}

void ProbeRegistry::FreeSite(ProbeSite& site) {
  if (site.slot != 0) {
    slots_.Free(site.slot);
  }
  FreeArray(site.probes.Load(kRelaxed));
  allocator_->Delete(&site);
}

void ProbeRegistry::FreeArray(ProbeArray* array) {
  allocator_->Free(
      array, sizeof(ProbeArray) + array->capacity * sizeof(Atomic<Kprobe*>),
      alignof(ProbeArray));
}

}  // namespace ebpf
