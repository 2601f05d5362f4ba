// SPDX-License-Identifier: MIT
//
// Which of some addresses were hit.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/span.h"
#include "core/probes/kprobe.h"
#include "testing/guest/probes/environment.h"

namespace guest::probes {

/// A consumer of probes at addresses that were added in their order. Too large
/// for a stack.
class HitMap final : public ebpf::KprobeConsumer {
 public:
  /// At most so many probes at once: longer functions get them piece by piece.
  static constexpr size_t kMaxProbes = 512;

  void Hit(ebpf::machine::PtRegs& regs) override {
    const uint64_t pc = Pc(regs);
    total_.FetchAdd(1, ebpf::kRelaxed);
    // In order, so that a search by halves finds it.
    size_t low = 0;
    size_t high = count_;
    while (low < high) {
      const size_t middle = (low + high) / 2;
      (addresses_[middle] < pc ? low : high) =
          addresses_[middle] < pc ? middle + 1 : middle;
    }
    if (low < count_ && addresses_[low] == pc) {
      hit_[low].Store(1, ebpf::kRelaxed);
    } else {
      strays_.FetchAdd(1, ebpf::kRelaxed);
    }
  }

  /// While no probe of it is enabled.
  void Reset() {
    count_ = 0;
    for (ebpf::Atomic<uint8_t>& hit : hit_) {
      hit.Store(0, ebpf::kRelaxed);
    }
  }
  void Add(uint64_t address) { addresses_[count_++] = address; }
  bool full() const { return count_ == kMaxProbes; }
  bool empty() const { return count_ == 0; }
  ebpf::Span<const uint64_t> addresses() const { return {addresses_, count_}; }
  bool WasHit(size_t index) const {
    return hit_[index].Load(ebpf::kRelaxed) != 0;
  }
  uint64_t total() const { return total_.Load(ebpf::kRelaxed); }
  /// Hits somewhere else, which there must not be.
  uint64_t strays() const { return strays_.Load(ebpf::kRelaxed); }

 private:
  uint64_t addresses_[kMaxProbes] = {};
  size_t count_ = 0;
  ebpf::Atomic<uint8_t> hit_[kMaxProbes] = {};
  ebpf::Atomic<uint64_t> total_{0};
  ebpf::Atomic<uint64_t> strays_{0};
};

}  // namespace guest::probes
