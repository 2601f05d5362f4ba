// SPDX-License-Identifier: MIT
//
// Probes of each kind come and go while every CPU runs the probed functions
// with interrupts on. Others stay all the time: what they count must be exactly
// what the functions themselves have counted.
#include "core/base/atomic.h"
#include "core/probes/kprobe.h"
#include "core/probes/return_hook.h"
#include "testing/guest/demo/start.h"
#include "testing/guest/kernel/balance.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/kernel/workload.h"
#include "testing/guest/storm/cycles.h"

namespace guest::storm {
namespace {

using ebpf::AttachKprobe;
using ebpf::Kprobe;
using ebpf::Ref;
using ebpf::machine::PtRegs;

/// How long a cycle waits for a hit on each CPU.
constexpr uint64_t kPatience = 1'000'000'000;  // ns

/// What comes and goes stands on these, alone: so text changes each time. One
/// of a single function takes the first.
constexpr uint32_t kFunctions = 2;
constexpr const char* kNames[kFunctions] = {"vfs_read", "vfs_write"};
/// What stays.
constexpr char kStaysOn[] = "vfs_open";

uint64_t CallsOf(WorkloadFunction function) {
  uint64_t sum = 0;
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    sum += WorkloadCalls(function, cpu);
  }
  return sum;
}

/// Counts by CPU, at entries or at returns.
class Counter final : public ebpf::KprobeConsumer, public ebpf::ReturnConsumer {
 public:
  void Hit(PtRegs& /*regs*/) override { Count(); }
  void Returned(PtRegs& /*regs*/, const ebpf::ReturnedCall& /*call*/) override {
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

enum class Kind { kKprobe, kKretprobe, kMulti };

/// A consumer on one function, on its returns, or on all of kNames.
class Attachment {
 public:
  explicit Attachment(Kind kind, const char* function = kNames[0])
      : kind_(kind), function_(function), hook_(counter_) {}

  bool Attach() { return kind_ == Kind::kMulti ? AttachAll() : AttachOne(); }

  void Detach() {
    if (kind_ == Kind::kMulti) {
      ebpf::DetachKprobes(probes_);
    } else if (probes_[0]) {
      probes_[0]->Detach();
    }
    if (kind_ == Kind::kKretprobe) {
      hook_.Cancel();
    }
  }

  const Counter& counter() const { return counter_; }
  uint64_t missed() const {
    uint64_t missed = hook_.missed();
    for (const Ref<Kprobe>& probe : probes_) {
      missed += probe ? probe->missed() : 0;
    }
    return missed;
  }

 private:
  bool AttachOne() {
    if (kind_ == Kind::kKretprobe && !IsOk(ebpf::ReturnHook::Prepare())) {
      return false;
    }
    ebpf::KprobeConsumer& consumer =
        kind_ == Kind::kKretprobe ? static_cast<ebpf::KprobeConsumer&>(hook_)
                                  : counter_;
    auto probe = AttachKprobe(function_, 0, 0, consumer);
    if (!probe.ok()) {
      return false;
    }
    probes_[0] = ebpf::Move(*probe);
    return IsOk(probes_[0]->Enable());
  }

  bool AttachAll() {
    uint64_t addresses[kFunctions] = {};
    for (uint32_t i = 0; i < kFunctions; ++i) {
      // The address is what a probe says that was not enabled.
      auto probe = AttachKprobe(kNames[i], 0, 0, counter_);
      if (!probe.ok()) {
        return false;
      }
      addresses[i] = (*probe)->address();
    }
    return IsOk(ebpf::AttachKprobes(addresses, counter_, probes_)) &&
           IsOk(ebpf::EnableKprobes(probes_));
  }

  const Kind kind_;
  const char* const function_;
  Counter counter_;
  ebpf::ReturnHook hook_;
  Ref<Kprobe> probes_[kFunctions];
};

/// Attaches, waits for hits, detaches; then nothing is hit any more.
class Cycles {
 public:
  explicit Cycles(Kind kind) : kind_(kind) {}

  bool One() {
    Attachment attachment(kind_);
    const uint64_t calls = Calls();
    if (!attachment.Attach()) {
      return false;
    }
    const uint64_t end = machine::Nanoseconds() + kPatience;
    while (!attachment.counter().OnEveryCpu() && machine::Nanoseconds() < end) {
      YieldOrWait();
    }
    with_hits_ += attachment.counter().OnEveryCpu() ? 1 : 0;
    attachment.Detach();
    const uint64_t hits = attachment.counter().Sum();
    Yield();
    late_ += attachment.counter().Sum() != hits ? 1 : 0;
    wrong_ += hits > Calls() - calls ? 1 : 0;
    hits_ += hits;
    return true;
  }

  uint32_t with_hits() const { return with_hits_; }
  uint32_t late() const { return late_; }
  uint32_t wrong() const { return wrong_; }
  uint64_t hits() const { return hits_; }

 private:
  uint64_t Calls() const {
    return CallsOf(WorkloadFunction::kRead) +
           (kind_ == Kind::kMulti ? CallsOf(WorkloadFunction::kWrite) : 0);
  }

  const Kind kind_;
  uint32_t with_hits_ = 0;
  uint32_t late_ = 0;   // with hits after the detachment
  uint32_t wrong_ = 0;  // with more hits than calls
  uint64_t hits_ = 0;
};

void WaitForWorkload() {
  while (WorkloadRunning()) {
    YieldOrWait();
  }
}

/// What was attached all the time has counted each call.
void CheckTotals(const char* name, const Attachment& attachment,
                 uint64_t calls) {
  const uint64_t hits = attachment.counter().Sum();
  const uint64_t missed = attachment.missed();
  Line() << "  throughout, " << name << ": " << hits << " hits, " << missed
         << " missed, " << calls << " calls";
  GUEST_EXPECT(calls > 0);
  GUEST_EXPECT_EQ(hits + missed, calls);
  GUEST_EXPECT(missed <= calls / 1000);
}

void RunStorm(const char* name, Kind kind) {
  Attachment entries(Kind::kKprobe, kStaysOn);
  Attachment returns(Kind::kKretprobe, kStaysOn);
  GUEST_ASSERT(entries.Attach());
  GUEST_ASSERT(returns.Attach());
  uint64_t calls = CallsOf(WorkloadFunction::kOpen);
  GUEST_ASSERT(StartWorkload(UINT32_MAX));
  Cycles cycles(kind);
  uint32_t count = 0;
  const uint64_t begin = machine::Nanoseconds();
  while (count < kCycles && cycles.One()) {
    ++count;
  }
  const uint64_t elapsed = machine::Nanoseconds() - begin;
  StopWorkload();
  WaitForWorkload();
  Line() << name << ": " << count << " cycles in " << elapsed / 1'000'000
         << " ms, " << cycles.with_hits() << " with hits on each of "
         << OnlineCpus() << " CPUs, " << cycles.hits() << " hits";
  GUEST_EXPECT_EQ(count, kCycles);
  GUEST_EXPECT_EQ(cycles.late(), 0);
  GUEST_EXPECT_EQ(cycles.wrong(), 0);
  GUEST_EXPECT(cycles.with_hits() >= kCycles - kCycles / 20);
  GUEST_EXPECT_EQ(WorkloadErrors(), 0);
  calls = CallsOf(WorkloadFunction::kOpen) - calls;
  CheckTotals("entries", entries, calls);
  CheckTotals("returns", returns, calls);
  returns.Detach();
  entries.Detach();
}

/// Starts eBPF once; true if that went well. What one run leaves allocated (the
/// instances of returns, tables that grew) the next one finds.
bool Start() {
  static constinit bool started = false;
  if (!started) {
    started = StartEbpf() == 0;
    if (started) {
      Attachment first(Kind::kKretprobe);
      started = first.Attach();
      first.Detach();
    }
  }
  return started;
}

void StormWithBalance(const char* name, Kind kind) {
  GUEST_ASSERT(Start());
  const uint64_t memory = Balance().bytes;
  RunStorm(name, kind);
  WaitForBalance(memory);
}

GUEST_TEST(ComeAndGo, Kprobes) { StormWithBalance("kprobe", Kind::kKprobe); }

GUEST_TEST(ComeAndGo, Kretprobes) {
  StormWithBalance("kretprobe", Kind::kKretprobe);
}

GUEST_TEST(ComeAndGo, ManyAtOnce) { StormWithBalance("multi", Kind::kMulti); }

}  // namespace
}  // namespace guest::storm
