// SPDX-License-Identifier: MIT
//
// What a breakpoint trap finds: the sites by address, each with its consumers,
// and what each CPU is doing with them. DESIGN.md tells what keeps each alive.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/noprobe.h"
#include "core/machine/probe_plan.h"
#include "core/machine/pt_regs.h"
#include "core/probes/kprobe.h"
#include "core/probes/slot_pool.h"
#include "core/sync/read_section.h"

namespace ebpf {

/// One address with a breakpoint, or about to have one.
class ProbeSite : public NonCopyable {
 public:
  explicit ProbeSite(const machine::ProbePlan& site_plan) : plan(site_plan) {}

  /// Runs the enabled consumers. The CPU's section is open. Context: any.
  void Run(machine::PtRegs& regs);

  /// Those from `probe` on.
  void RunAll(Kprobe* probe, machine::PtRegs& regs);

  /// Counts a hit that the enabled consumers do not get. Interrupts masked.
  EBPF_NOPROBE_INLINE void CountMissed() {
    // Pairs with the release in ProbeRegistry::AddProbe.
    Kprobe* probe = first.Load(kAcquire);
    while (probe != nullptr) {
      if (probe->active_.Load(kRelaxed)) {
        probe->missed_.FetchAdd(1, kRelaxed);
      }
      probe = probe->next_.Load(kAcquire);
    }
  }

  // Written before the site is published, or its first breakpoint; then only
  // where no CPU is in a trap, but for the address, which stays.
  machine::ProbePlan plan;
  uint64_t slot = 0;  // 0: the plan needs none

  // What the trap follows. A site is in one table, or while that is replaced in
  // two: each table says which of the links are its own.
  Atomic<ProbeSite*> next[2]{};    // in the bucket
  Atomic<Kprobe*> first{nullptr};  // its consumers, in order of attachment

  // The registry's, under its mutex.
  ProbeSite* next_dead = nullptr;
  bool is_listed_dead = false;  // it may be alive again
  bool armed = false;           // breakpoint or jump is in the text
  bool jumps = false;           // it is the jump
  bool patching = false;        // that is about to change
  bool slot_written = false;
  bool published = false;
  bool was_armed = false;  // once
  bool may_detour = true;  // what it stands on was not looked at yet

  /// Whether a jump may be written like a breakpoint: nobody can be inside.
  bool JumpsAtOnce() const {
    return plan.method == machine::ProbeMethod::kDetour &&
           plan.window_size == plan.insn_size;
  }
};

/// The sites by address. Read without locks. SiteTable makes and changes it.
struct ProbeTable {
  EBPF_NOPROBE_INLINE size_t bucket_count() const { return size_t{1} << bits; }

  EBPF_NOPROBE_INLINE Atomic<ProbeSite*>& BucketOf(uint64_t address) {
    constexpr uint64_t kGoldenRatio = 0x9e3779b97f4a7c15;
    return buckets[(address * kGoldenRatio) >> (64 - bits)];
  }

  EBPF_NOPROBE_INLINE ProbeSite* Find(uint64_t address) {
    // Acquires: pairs with the releases of SiteTable's Push and Remove.
    ProbeSite* site = BucketOf(address).Load(kAcquire);
    while (site != nullptr && site->plan.address != address) {
      site = site->next[link].Load(kAcquire);
    }
    return site;
  }

  uint32_t bits;  // of the number of buckets; not 0
  uint32_t link;  // which of ProbeSite::next its buckets go by
  Atomic<ProbeSite*> buckets[];
};

/// What a CPU is in the middle of. Only its own traps touch it.
struct alignas(256) ProbeCpu {
  /// An instruction that is in its slot. There is more than one when a fault in
  /// a slot led to another probe.
  struct Step {
    ProbeSite* site;
    uint64_t trap_address;
    machine::StepState state;
  };
  static constexpr uint32_t kMaxSteps = 4;

  /// Open while consumers run: they read, and hits are missed meanwhile.
  CpuSection in_consumers;
  uint32_t step_count;
  Step steps[kMaxSteps];
  uint64_t retry_patch_count;  // of text_patch_count, when `retries` was 0
  uint32_t retries;
};

/// What the trap starts from; null before InitProbes.
struct ProbeShared {
  Atomic<ProbeTable*> table;
  Atomic<ProbeCpu*> cpus;  // ebpf_port_cpu_count() of them
  Atomic<const SlotPool*> slots;
};
[[gnu::visibility("hidden")]] extern constinit ProbeShared probe_shared;

/// What the slots of detours call, first; empty where this CPU has no detours.
/// Who is interrupted in there may return into any slot.
[[gnu::visibility("hidden")]] extern const TextRange machine_detour_text;

extern "C" {

/// Runs the consumers of `site`. The only way out of ebpf_noprobe; the CPU's
/// guard is set.
void ebpf_probe_run(ProbeSite* site, machine::PtRegs* regs);

}  // extern "C"

}  // namespace ebpf
