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

namespace ebpf {

/// The probes at one site, some of the places empty. Replaced as a whole when
/// it is too small.
struct ProbeArray {
  ProbeArray* next_dead;
  uint32_t capacity;
  Atomic<Kprobe*> probes[];  // `capacity`
};

/// One address with a breakpoint, or about to have one.
class ProbeSite : public NonCopyable {
 public:
  explicit ProbeSite(const machine::ProbePlan& site_plan) : plan(site_plan) {}

  /// Runs the enabled consumers. In a read section. Context: any.
  void Run(machine::PtRegs& regs);

  /// Counts a hit that the enabled consumers do not get. Interrupts masked.
  EBPF_NOPROBE_INLINE void CountMissed() {
    // Pairs with the release in ProbeRegistry::AddProbe.
    ProbeArray* array = probes.Load(kAcquire);
    for (uint32_t i = 0; i < array->capacity; ++i) {
      Kprobe* probe = array->probes[i].Load(kAcquire);
      if (probe != nullptr && probe->active_.Load(kRelaxed)) {
        probe->missed_.FetchAdd(1, kRelaxed);
      }
    }
  }

  // Written before the site is published, and never again.
  const machine::ProbePlan plan;
  uint64_t slot = 0;  // 0: the plan needs none

  // What the trap follows.
  Atomic<ProbeSite*> next{nullptr};  // in the bucket
  Atomic<ProbeArray*> probes{nullptr};

  // The registry's, under its mutex.
  ProbeSite* next_dead = nullptr;
  uint32_t probe_count = 0;
  bool armed = false;  // the breakpoint is in the text
  bool slot_written = false;
  bool published = false;
};

/// The sites by address. Read without locks.
struct ProbeTable {
  static constexpr uint32_t kBucketCount = 1024;

  static EBPF_NOPROBE_INLINE uint32_t BucketOf(uint64_t address) {
    constexpr uint64_t kGoldenRatio = 0x9e3779b97f4a7c15;
    return static_cast<uint32_t>((address * kGoldenRatio) >> 54);
  }

  EBPF_NOPROBE_INLINE ProbeSite* Find(uint64_t address) {
    // Acquires: pairs with the releases of ProbeRegistry::Publish, Unpublish.
    ProbeSite* site = buckets[BucketOf(address)].Load(kAcquire);
    while (site != nullptr && site->plan.address != address) {
      site = site->next.Load(kAcquire);
    }
    return site;
  }

  Atomic<ProbeSite*> buckets[kBucketCount];
};
static_assert(uint64_t{ProbeTable::kBucketCount} << 54 == 0);

/// What a CPU is in the middle of. Only its own traps touch it.
struct alignas(64) ProbeCpu {
  /// An instruction that is in its slot. There is more than one when a fault in
  /// a slot led to another probe.
  struct Step {
    ProbeSite* site;
    uint64_t trap_address;
    machine::StepState state;
  };
  static constexpr uint32_t kMaxSteps = 4;

  bool in_consumers;  // the guard: hits are missed meanwhile
  uint32_t step_count;
  Step steps[kMaxSteps];
  uint64_t retry_patch_count;  // of text_patch_count, when `retries` was 0
  uint32_t retries;
};

/// What the trap starts from; null before InitProbes.
struct ProbeShared {
  Atomic<ProbeTable*> table;
  Atomic<ProbeCpu*> cpus;  // ebpf_port_cpu_count() of them
};
[[gnu::visibility("hidden")]] extern constinit ProbeShared probe_shared;

/// What the running CPU's arch/<isa>/machine has in .ebpf.noprobe: the trap's
/// way, the fault-safe copy, and what makes text fresh.
inline constexpr size_t kMachineNoprobeCount = 3;
[[gnu::visibility("hidden")]] extern const TextRange
    machine_noprobe_text[kMachineNoprobeCount];

extern "C" {

/// Runs the consumers of `site`. The only way out of .ebpf.noprobe; the CPU's
/// guard is set.
void ebpf_probe_run(ProbeSite* site, machine::PtRegs* regs);

}  // extern "C"

}  // namespace ebpf
