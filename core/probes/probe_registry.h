// SPDX-License-Identifier: MIT
//
// Who attaches and detaches: the registry behind core/probes/kprobe.h.
#pragma once

#include <stdint.h>

#include "core/base/thread_annotations.h"
#include "core/memory/allocator.h"
#include "core/platform/symbols.h"
#include "core/probes/detour_patches.h"
#include "core/probes/kprobe.h"
#include "core/probes/probe_list.h"
#include "core/probes/probe_site.h"
#include "core/probes/probe_table.h"
#include "core/probes/reserved_text.h"
#include "core/probes/site_patches.h"
#include "core/probes/slot_pool.h"
#include "core/sync/mutex.h"

namespace ebpf {

/// The one registry. Everything in it but what probe_shared points to is
/// changed and read under its mutex, by tasks. Context of all: task.
class ProbeRegistry : public NonCopyable {
 public:
  constexpr ProbeRegistry() = default;

  static ProbeRegistry& Get();

  Status Init(const machine::MachineOps& ops, Allocator& allocator);
  bool Exit();

  Result<Ref<Kprobe>> Attach(StringView symbol, uint64_t address,
                             uint64_t offset, KprobeConsumer& consumer);
  Status AttachMany(Span<const uint64_t> addresses, KprobeConsumer& consumer,
                    Span<Ref<Kprobe>> probes);
  /// With `say_why`, a refusal is told in the log.
  Status Check(uint64_t address, bool say_why);
  void RefuseAll(const char* why);

  // P is Kprobe* const, or const Ref<Kprobe>.
  template <typename P>
  Status EnableMany(Span<P> probes);
  template <typename P>
  void DisableMany(Span<P> probes);
  template <typename P>
  void DetachMany(Span<P> probes);
  void Delete(Kprobe& probe);

  size_t List(const ProbeKey& after, Span<ProbeInfo> probes);
  bool MayStandOn(uint64_t address, uint64_t size);
  void SetReserved(const ReservedText* text);

 private:
  // Finding out what a probe would stand on.
  struct Place {
    ebpf_symbol function;
    uint64_t offset;
  };
  Status CheckSupport() EBPF_REQUIRES(mutex_);
  Result<Place> Locate(StringView symbol, uint64_t address, uint64_t offset);
  Result<machine::ProbePlan> Plan(const Place& place) EBPF_REQUIRES(mutex_);
  Result<machine::ProbePlan> PlanOrSayWhyNot(const Place& place)
      EBPF_REQUIRES(mutex_);
  void HideBreakpoints(uint64_t begin, Bytes code) EBPF_REQUIRES(mutex_);
  Status CheckFollow(const Place& place, const KprobeConsumer& consumer);
  bool IsAllowed(uint64_t address, uint64_t size) EBPF_REQUIRES(mutex_);
  bool IsReserved(uint64_t address, uint64_t size) EBPF_REQUIRES(mutex_);

  // Sites.
  static bool IsAttached(const Kprobe* probe) {
    return probe != nullptr && probe->site_ != nullptr;
  }
  static bool IsAttached(const Ref<Kprobe>& probe) {
    return IsAttached(probe.get());
  }
  Result<Kprobe*> AttachOne(const Place& place, KprobeConsumer& consumer)
      EBPF_REQUIRES(mutex_);
  Result<ProbeSite*> FindOrMakeSite(const Place& place) EBPF_REQUIRES(mutex_);
  Result<uint64_t> AllocateSlot(machine::ProbePlan& plan) EBPF_REQUIRES(mutex_);
  bool MayDetourAtOnce(const machine::ProbePlan& plan) EBPF_REQUIRES(mutex_);
  bool MakeDetourAtOnce(machine::ProbePlan& plan, uint64_t slot)
      EBPF_REQUIRES(mutex_);
  uint64_t TryDetourAtOnce(machine::ProbePlan& plan) EBPF_REQUIRES(mutex_);
  Result<ProbeSite*> MakeSite(const machine::ProbePlan& wanted)
      EBPF_REQUIRES(mutex_);
  void MakeRoomFor(size_t count) EBPF_REQUIRES(mutex_);

  // Detours whose jump covers several instructions.
  static bool HasPartsElsewhere();
  Result<machine::DetourWindow> FindWindow(const machine::ProbePlan& plan,
                                           bool is_far) EBPF_REQUIRES(mutex_);
  bool IsPatchedAround(const ebpf_symbol& function, uint64_t address,
                       uint64_t size, bool is_far) EBPF_REQUIRES(mutex_);
  bool HasSiteInside(uint64_t address, uint64_t size) EBPF_REQUIRES(mutex_);
  bool MakeDetour(ProbeSite& site, bool is_far) EBPF_REQUIRES(mutex_);
  void PlanDetour(ProbeSite& site) EBPF_REQUIRES(mutex_);
  template <typename P>
  void PlanDetours(Span<P> probes) EBPF_REQUIRES(mutex_);
  template <typename P>
  void WriteJumps(Span<P> probes) EBPF_REQUIRES(mutex_);
  void RetryJumps() EBPF_REQUIRES(mutex_);
  Status RevertDetoursOver(uint64_t address) EBPF_REQUIRES(mutex_);
  Status RevertDetour(ProbeSite& site) EBPF_REQUIRES(mutex_);

  // Probes at sites.
  void AddProbe(ProbeSite& site, Kprobe& probe) EBPF_REQUIRES(mutex_);
  void RemoveProbe(Kprobe& probe) EBPF_REQUIRES(mutex_);
  bool AnyActive(const ProbeSite& site) EBPF_REQUIRES(mutex_);
  template <typename P>
  Status Arm(Span<P> probes) EBPF_REQUIRES(mutex_);
  template <typename P>
  void DisarmIdle(Span<P> probes) EBPF_REQUIRES(mutex_);
  template <typename P>
  bool RemoveProbes(Span<P> probes) EBPF_REQUIRES(mutex_);

  // The dead, and their end.
  bool CloseSlots() EBPF_REQUIRES(mutex_);
  void BuryIfUnused(ProbeSite& site) EBPF_REQUIRES(mutex_);
  void UnpublishDead() EBPF_REQUIRES(mutex_);
  void Drain() EBPF_REQUIRES(mutex_);
  void DrainIfNeeded() EBPF_REQUIRES(mutex_);
  void FreeDead() EBPF_REQUIRES(mutex_);

  Mutex mutex_;
  const machine::MachineOps* ops_ EBPF_GUARDED_BY(mutex_) = nullptr;
  Allocator* allocator_ EBPF_GUARDED_BY(mutex_) = nullptr;
  Span<ProbeCpu> cpus_ EBPF_GUARDED_BY(mutex_);
  const ReservedText* reserved_ EBPF_GUARDED_BY(mutex_) = nullptr;
  SiteTable table_ EBPF_GUARDED_BY(mutex_);
  SitePatches patches_ EBPF_GUARDED_BY(mutex_);
  DetourPatches detours_ EBPF_GUARDED_BY(mutex_);
  // Sites whose jump could not be written: somebody was inside of the window.
  size_t waiting_jumps_ EBPF_GUARDED_BY(mutex_) = 0;
  SlotPool slots_ EBPF_GUARDED_BY(mutex_);
  bool supported_ EBPF_GUARDED_BY(mutex_) = false;             // once found out
  const char* refused_why_ EBPF_GUARDED_BY(mutex_) = nullptr;  // all of them
  bool said_why_ EBPF_GUARDED_BY(mutex_) = false;   // why there is none at all
  bool relocates_ EBPF_GUARDED_BY(mutex_) = false;  // the same
  bool has_parts_elsewhere_ EBPF_GUARDED_BY(mutex_) = true;  // the same

  // What only the quiescences separate from being freed.
  ProbeSite* dead_sites_ EBPF_GUARDED_BY(mutex_) = nullptr;
  Kprobe* dead_probes_ EBPF_GUARDED_BY(mutex_) = nullptr;
  uint64_t detachments_ EBPF_GUARDED_BY(mutex_) = 0;
  uint64_t quiet_detachments_ EBPF_GUARDED_BY(mutex_) = 0;  // waited for
};

}  // namespace ebpf
