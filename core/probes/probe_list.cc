// SPDX-License-Identifier: MIT
//
// core/probes/probe_list.h's implementation: the registry's answers to it.
#include "core/probes/probe_list.h"

#include "core/base/lowest.h"
#include "core/probes/probe_registry.h"

namespace ebpf {

size_t ProbeRegistry::List(const ProbeKey& after, Span<ProbeInfo> probes) {
  MutexGuard guard(mutex_);
  Lowest<ProbeInfo> lowest(probes);
  table_.ForEach([&](ProbeSite& site) {
    for (Kprobe* probe = site.first.Load(kRelaxed); probe != nullptr;
         probe = probe->next_.Load(kRelaxed)) {
      ProbeInfo info;
      info.key = {probe->address(), reinterpret_cast<uintptr_t>(probe)};
      if (!(after < info.key) || !lowest.Wants(info)) {
        continue;
      }
      info.consumer = probe->consumer_.Info();
      info.enabled = probe->enabled();
      info.optimized = site.jumps;
      info.missed = probe->missed();
      lowest.Offer(info);
    }
  });
  return lowest.Sort();
}

bool ProbeRegistry::MayStandOn(uint64_t address, uint64_t size) {
  MutexGuard guard(mutex_);
  return !cpus_.empty() && IsAllowed(address, size);
}

void ProbeRegistry::SetReserved(const ReservedText* text) {
  MutexGuard guard(mutex_);
  reserved_ = text;
}

size_t ListProbes(const ProbeKey& after, Span<ProbeInfo> probes) {
  return ProbeRegistry::Get().List(after, probes);
}

bool MayProbeStandOn(uint64_t address, uint64_t size) {
  return ProbeRegistry::Get().MayStandOn(address, size);
}

}  // namespace ebpf
