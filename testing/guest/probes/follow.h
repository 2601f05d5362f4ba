// SPDX-License-Identifier: MIT
//
// Functions whose calls are followed to their returns, and who follows them.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/string_view.h"
#include "core/probes/kprobe.h"
#include "core/probes/return_hook.h"
#include "core/probes/return_pool.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/probes/environment.h"
#include "testing/guest/probes/life.h"

extern "C" {

/// The sum of 0 to `n`, by as many calls.
uint64_t followed_sum(uint64_t n);
/// These give what they are given, and one more.
uint64_t followed_sleep(uint64_t ticks);
uint64_t followed_leaf(uint64_t value);
uint64_t followed_jump(uint64_t value);  // which jumps to followed_leaf
/// Calls function(argument); 42.
uint64_t followed_call(void (*function)(void*), void* argument);

/// What guest threads tell as they end (testing/guest/kernel/thread.cc).
void ebpf_task_exit(uint64_t stack_begin, uint64_t stack_end);

}  // extern "C"

namespace guest::probes {

/// As Probes; and no call is under way at the end.
class ReturnProbes {
 public:
  ReturnProbes() : ok_(probes_.ok() && IsOk(ebpf::ReturnHook::Prepare())) {}
  ~ReturnProbes() {
    if (ok_) {
      GUEST_EXPECT_EQ(ebpf::ReturnPool::Get().CountInFlight(), 0);
    }
  }
  ReturnProbes(const ReturnProbes&) = delete;
  ReturnProbes& operator=(const ReturnProbes&) = delete;
  bool ok() const { return ok_; }

 private:
  const Probes probes_;
  const bool ok_;
};

/// Keeps each call's first argument, and checks that the return is that call's.
class Watcher final : public ebpf::CallConsumer {
 public:
  /// What a call of `argument` returns, if the function says so.
  using Expected = uint64_t(uint64_t argument);
  explicit Watcher(Expected* expected = nullptr) : expected_(expected) {}

  bool Entered(ebpf::machine::PtRegs& regs, uint64_t& data) override {
    data = Argument(regs, 0);
    entered_.FetchAdd(1, ebpf::kRelaxed);
    return true;
  }
  void Returned(ebpf::machine::PtRegs& regs,
                const ebpf::ReturnedCall& call) override {
    returned_[machine::CpuId()].FetchAdd(1, ebpf::kRelaxed);
    const bool right =
        Pc(regs) == call.return_address &&
        (expected_ == nullptr || ReturnValue(regs) == expected_(call.data));
    wrong_.FetchAdd(right ? 0 : 1, ebpf::kRelaxed);
    late_.FetchAdd(ended_.Load(ebpf::kRelaxed) ? 1 : 0, ebpf::kRelaxed);
  }
  void SetEnded() { ended_.Store(true, ebpf::kRelaxed); }

  uint64_t entered() const { return entered_.Load(ebpf::kRelaxed); }
  uint64_t returned(uint32_t cpu) const {
    return returned_[cpu].Load(ebpf::kRelaxed);
  }
  uint64_t returned() const {
    uint64_t sum = 0;
    for (const auto& returned : returned_) {
      sum += returned.Load(ebpf::kRelaxed);
    }
    return sum;
  }
  uint64_t wrong() const { return wrong_.Load(ebpf::kRelaxed); }
  uint64_t late() const { return late_.Load(ebpf::kRelaxed); }

 private:
  Expected* expected_;
  ebpf::Atomic<uint64_t> entered_{0};
  ebpf::Atomic<uint64_t> returned_[kMaxCpus] = {};
  ebpf::Atomic<uint64_t> wrong_{0};
  ebpf::Atomic<uint64_t> late_{0};
  ebpf::Atomic<bool> ended_{false};
};

inline uint64_t OneMore(uint64_t argument) { return argument + 1; }
inline uint64_t Sum(uint64_t argument) { return argument * (argument + 1) / 2; }

/// A followed function, until the end of the object.
class Followed {
 public:
  template <typename Consumer>
  Followed(ebpf::StringView name, Consumer& consumer) : hook_(consumer) {
    auto kprobe = ebpf::AttachKprobe(name, 0, 0, hook_);
    if (kprobe.ok() && IsOk((*kprobe)->Enable())) {
      kprobe_ = ebpf::Move(*kprobe);
    }
  }
  ~Followed() { End(); }
  Followed(const Followed&) = delete;
  Followed& operator=(const Followed&) = delete;

  void End() {
    if (kprobe_) {
      kprobe_->Detach();
      hook_.Cancel();
    }
  }
  bool ok() const { return static_cast<bool>(kprobe_); }
  uint64_t missed() const { return hook_.missed(); }
  uint64_t missed_entries() const { return kprobe_->missed(); }

 private:
  ebpf::ReturnHook hook_;
  ebpf::Ref<ebpf::Kprobe> kprobe_;
};

}  // namespace guest::probes
