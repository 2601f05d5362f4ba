// SPDX-License-Identifier: MIT
//
// core/probes/probe_list.h's implementation: the registry's answers to it.
#include "core/probes/probe_list.h"

#include "core/probes/probe_registry.h"

namespace ebpf {
namespace {

/// Puts `probe` where it belongs among the first `count`, of which the last
/// gives way when all places are taken.
void Insert(const ProbeInfo& probe, Span<ProbeInfo> probes, size_t& count) {
  size_t at = Min(count, probes.size());
  if (at == probes.size()) {
    if (at == 0 || !(probe.key < probes[at - 1].key)) {
      return;
    }
    --at;
  } else {
    ++count;
  }
  for (; at > 0 && probe.key < probes[at - 1].key; --at) {
    probes[at] = probes[at - 1];
  }
  probes[at] = probe;
}

}  // namespace

size_t ProbeRegistry::List(const ProbeKey& after, Span<ProbeInfo> probes) {
  MutexGuard guard(mutex_);
  size_t count = 0;
  table_.ForEach([&](ProbeSite& site) {
    for (Kprobe* probe = site.first.Load(kRelaxed); probe != nullptr;
         probe = probe->next_.Load(kRelaxed)) {
      const ProbeKey key = {probe->address(),
                            reinterpret_cast<uintptr_t>(probe)};
      if (after < key) {
        const bool optimized =
            site.armed && site.plan.method == machine::ProbeMethod::kDetour;
        Insert({key, probe->enabled(), optimized, probe->missed(),
                probe->consumer_.Info()},
               probes, count);
      }
    }
  });
  return count;
}

bool ProbeRegistry::MayStandOn(uint64_t address, uint64_t size) {
  MutexGuard guard(mutex_);
  return !cpus_.empty() && IsAllowed(address, size);
}

size_t ListProbes(const ProbeKey& after, Span<ProbeInfo> probes) {
  return ProbeRegistry::Get().List(after, probes);
}

bool MayProbeStandOn(uint64_t address, uint64_t size) {
  return ProbeRegistry::Get().MayStandOn(address, size);
}

}  // namespace ebpf
