// SPDX-License-Identifier: MIT
//
// core/probes/probe_list.h's implementation: the registry's answers to it.
#include "core/probes/probe_list.h"

#include "core/probes/probe_registry.h"

namespace ebpf {
namespace {

/// The lowest of those that are offered, as many as there are places: a heap
/// with the highest of them on top.
class Lowest {
 public:
  explicit Lowest(Span<ProbeInfo> places) : places_(places) {}

  bool Wants(const ProbeKey& key) const {
    return count_ < places_.size() || (count_ != 0 && key < places_[0].key);
  }
  /// Precondition: it is wanted.
  void Offer(const ProbeInfo& probe) {
    if (count_ == places_.size()) {
      places_[0] = probe;
      Sink(0, count_);
      return;
    }
    size_t at = count_++;
    places_[at] = probe;
    while (at != 0 && places_[(at - 1) / 2].key < places_[at].key) {
      Swap(places_[(at - 1) / 2], places_[at]);
      at = (at - 1) / 2;
    }
  }
  /// Puts them in order; how many there are. Nothing is offered any more.
  size_t Sort() {
    for (size_t left = count_; left > 1; --left) {
      Swap(places_[0], places_[left - 1]);
      Sink(0, left - 1);
    }
    return count_;
  }

 private:
  void Sink(size_t at, size_t count) {
    while (2 * at + 1 < count) {
      size_t child = 2 * at + 1;
      if (child + 1 < count && places_[child].key < places_[child + 1].key) {
        ++child;
      }
      if (!(places_[at].key < places_[child].key)) {
        return;
      }
      Swap(places_[at], places_[child]);
      at = child;
    }
  }

  const Span<ProbeInfo> places_;
  size_t count_ = 0;
};

}  // namespace

size_t ProbeRegistry::List(ProbesToList which, const ProbeKey& after,
                           Span<ProbeInfo> probes) {
  MutexGuard guard(mutex_);
  Lowest lowest(probes);
  table_.ForEach([&](ProbeSite& site) {
    for (Kprobe* probe = site.first.Load(kRelaxed); probe != nullptr;
         probe = probe->next_.Load(kRelaxed)) {
      const ProbeKey key = {probe->address(),
                            reinterpret_cast<uintptr_t>(probe)};
      if (!(after < key) || !lowest.Wants(key)) {
        continue;
      }
      const ConsumerInfo about = probe->consumer_.Info();
      if (which == ProbesToList::kAll || about.is_event) {
        lowest.Offer(
            {key, probe->enabled(), site.jumps, probe->missed(), about});
      }
    }
  });
  return lowest.Sort();
}

bool ProbeRegistry::MayStandOn(uint64_t address, uint64_t size) {
  MutexGuard guard(mutex_);
  return !cpus_.empty() && IsAllowed(address, size);
}

size_t ListProbes(ProbesToList which, const ProbeKey& after,
                  Span<ProbeInfo> probes) {
  return ProbeRegistry::Get().List(which, after, probes);
}

bool MayProbeStandOn(uint64_t address, uint64_t size) {
  return ProbeRegistry::Get().MayStandOn(address, size);
}

}  // namespace ebpf
