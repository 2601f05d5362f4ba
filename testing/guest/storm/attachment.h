// SPDX-License-Identifier: MIT
//
// What the storm attaches: a consumer that counts, at the entries or at the
// returns of one function or of two.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/probes/kprobe.h"
#include "core/probes/return_hook.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/kernel/workload.h"

namespace guest::storm {

/// Counts by CPU, at entries or at returns.
class Counter final : public ebpf::KprobeConsumer, public ebpf::ReturnConsumer {
 public:
  void Hit(ebpf::machine::PtRegs& /*regs*/) override { Count(); }
  void Returned(ebpf::machine::PtRegs& /*regs*/,
                const ebpf::ReturnedCall& /*call*/) override {
    Count();
  }
  ebpf::ConsumerInfo Info() const override { return {}; }

  uint64_t Sum() const {
    uint64_t sum = 0;
    for (const auto& hits : hits_) {
      sum += hits.Load(ebpf::kRelaxed);
    }
    return sum;
  }
  bool OnEveryCpu() const {
    for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
      if (hits_[cpu].Load(ebpf::kRelaxed) == 0) {
        return false;
      }
    }
    return true;
  }

 private:
  void Count() { hits_[machine::CpuId()].FetchAdd(1, ebpf::kRelaxed); }

  ebpf::Atomic<uint64_t> hits_[kMaxCpus];
};

/// The calls of `function` on all CPUs, as it has counted them itself.
inline uint64_t CallsOf(WorkloadFunction function) {
  uint64_t sum = 0;
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    sum += WorkloadCalls(function, cpu);
  }
  return sum;
}

inline constexpr uint32_t kPair = 2;

/// One of a single function takes the first of a pair, one of many takes both.
enum class Kind { kKprobe, kKretprobe, kMulti, kMultiReturns };

/// A consumer at the functions of a pair, as `kind` says.
class Attachment {
 public:
  Attachment(Kind kind, const WorkloadFunction (&pair)[kPair])
      : kind_(kind), pair_(pair), hook_(counter_) {}

  bool Attach() {
    if (FollowsReturns() && !IsOk(ebpf::ReturnHook::Prepare())) {
      return false;
    }
    return IsMany() ? AttachAll() : AttachOne();
  }

  void Detach() {
    if (IsMany()) {
      ebpf::DetachKprobes(probes_);
    } else if (probes_[0]) {
      probes_[0]->Detach();
    }
    if (FollowsReturns()) {
      hook_.Cancel();
    }
  }

  const Counter& counter() const { return counter_; }

  /// How often it was attached in vain, since a CPU did not come.
  uint32_t busy() const { return busy_; }

  uint64_t missed() const {
    uint64_t missed = hook_.missed();
    for (const ebpf::Ref<ebpf::Kprobe>& probe : probes_) {
      missed += probe ? probe->missed() : 0;
    }
    return missed;
  }

  /// The calls since boot of what it is attached to.
  uint64_t Calls() const {
    return CallsOf(pair_[0]) + (IsMany() ? CallsOf(pair_[1]) : 0);
  }

 private:
  bool FollowsReturns() const {
    return kind_ == Kind::kKretprobe || kind_ == Kind::kMultiReturns;
  }
  bool IsMany() const {
    return kind_ == Kind::kMulti || kind_ == Kind::kMultiReturns;
  }
  ebpf::KprobeConsumer& Consumer() {
    return FollowsReturns() ? static_cast<ebpf::KprobeConsumer&>(hook_)
                            : counter_;
  }

  bool AttachOne() {
    auto probe = ebpf::AttachKprobe(WorkloadSymbol(pair_[0]), 0, 0, Consumer());
    if (!probe.ok()) {
      return false;
    }
    probes_[0] = ebpf::Move(*probe);
    return InTime([this] { return probes_[0]->Enable(); });
  }

  bool AttachAll() {
    uint64_t addresses[kPair] = {};
    for (uint32_t i = 0; i < kPair; ++i) {
      // The address is what a probe says that was not enabled.
      auto probe =
          ebpf::AttachKprobe(WorkloadSymbol(pair_[i]), 0, 0, Consumer());
      if (!probe.ok()) {
        return false;
      }
      addresses[i] = (*probe)->address();
    }
    return IsOk(ebpf::AttachKprobes(addresses, Consumer(), probes_)) &&
           InTime([this] { return ebpf::EnableKprobes(probes_); });
  }

  /// Again while the text could not be changed: a CPU of the guest may not come
  /// to a rendezvous for a second, where the host lets it wait.
  template <typename Enable>
  bool InTime(Enable enable) {
    ebpf::Status status = enable();
    for (; status == ebpf::Status::kBusy && busy_ < kMaxBusy; ++busy_) {
      status = enable();
    }
    return IsOk(status);
  }

  static constexpr uint32_t kMaxBusy = 20;

  const Kind kind_;
  const WorkloadFunction (&pair_)[kPair];
  Counter counter_;
  ebpf::ReturnHook hook_;
  ebpf::Ref<ebpf::Kprobe> probes_[kPair];
  uint32_t busy_ = 0;
};

}  // namespace guest::storm
