// SPDX-License-Identifier: MIT
//
// Probes of each kind come and go while every CPU runs the probed functions
// with interrupts on. One of each kind stays all the time: what it counts must
// be exactly what the functions themselves have counted.
#include "testing/guest/demo/start.h"
#include "testing/guest/kernel/balance.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/kernel/workload.h"
#include "testing/guest/storm/attachment.h"
#include "testing/guest/storm/cycles.h"

namespace guest::storm {
namespace {

/// How long a cycle waits for a hit on each CPU.
constexpr uint64_t kPatience = 1'000'000'000;  // ns

/// What comes and goes stands on these, alone: so text changes each time.
constexpr WorkloadFunction kComesAndGoesOn[kPair] = {WorkloadFunction::kRead,
                                                     WorkloadFunction::kWrite};
/// What stays; and one more in each cycle, so that its sites change, too.
constexpr WorkloadFunction kStaysOn[kPair] = {WorkloadFunction::kOpen,
                                              WorkloadFunction::kClose};

/// Attaches, waits for hits, detaches; then nothing is hit any more.
class Cycles {
 public:
  explicit Cycles(Kind kind) : kind_(kind) {}

  bool One() {
    Attachment alone(kind_, kComesAndGoesOn);
    Attachment guest(kind_, kStaysOn);
    const uint64_t calls = alone.Calls();
    const uint64_t calls_of_host = guest.Calls();
    if (!alone.Attach() || !guest.Attach()) {
      return false;
    }
    const uint64_t end = machine::Nanoseconds() + kPatience;
    while (!(alone.counter().OnEveryCpu() && guest.counter().OnEveryCpu()) &&
           machine::Nanoseconds() < end) {
      YieldOrWait();
    }
    with_hits_ += alone.counter().OnEveryCpu() ? 1 : 0;
    guest.Detach();
    alone.Detach();
    const uint64_t hits = alone.counter().Sum();
    const uint64_t hits_of_guest = guest.counter().Sum();
    Yield();
    late_ += alone.counter().Sum() != hits ? 1 : 0;
    late_ += guest.counter().Sum() != hits_of_guest ? 1 : 0;
    // Counted before the cycle and hit in it, or hit and not counted yet.
    const uint64_t late = CallsInBetween(kWorkloadThreadsPerCpu);
    wrong_ += hits > alone.Calls() - calls + late ? 1 : 0;
    wrong_ += hits_of_guest > guest.Calls() - calls_of_host + late ? 1 : 0;
    hits_ += hits;
    missed_ += alone.missed() + guest.missed();
    busy_ += alone.busy() + guest.busy();
    return true;
  }

  uint32_t with_hits() const { return with_hits_; }
  uint32_t late() const { return late_; }
  uint32_t wrong() const { return wrong_; }
  uint64_t hits() const { return hits_; }
  uint64_t missed() const { return missed_; }
  uint32_t busy() const { return busy_; }

 private:
  const Kind kind_;
  uint32_t with_hits_ = 0;
  uint32_t late_ = 0;   // with hits after the detachment
  uint32_t wrong_ = 0;  // with more hits than calls
  uint64_t hits_ = 0;
  uint64_t missed_ = 0;
  uint32_t busy_ = 0;  // attachments that had to be tried again
};

void WaitForWorkload() {
  while (WorkloadRunning()) {
    YieldOrWait();
  }
}

/// One of each kind, attached all the time.
class Staying {
 public:
  bool Attach() {
    bool attached = true;
    for (uint32_t i = 0; i < kKinds; ++i) {
      attached = attached && all_[i].Attach();
      calls_[i] = all_[i].Calls();
    }
    return attached;
  }

  /// Each has counted each call, or counted it as missed. The load has ended.
  void Check() const {
    constexpr const char* kNames[kKinds] = {"kprobe", "kretprobe", "multi",
                                            "multi of returns"};
    for (uint32_t i = 0; i < kKinds; ++i) {
      const uint64_t hits = all_[i].counter().Sum();
      const uint64_t missed = all_[i].missed();
      const uint64_t calls = all_[i].Calls() - calls_[i];
      Line() << "  throughout, " << kNames[i] << ": " << hits << " hits, "
             << missed << " missed, " << calls << " calls";
      GUEST_EXPECT(calls > 0);
      GUEST_EXPECT_EQ(hits + missed, calls);
      GUEST_EXPECT(missed <= calls / 1000);
      GUEST_EXPECT(all_[i].counter().OnEveryCpu());
    }
  }

  void Detach() {
    for (Attachment& attachment : all_) {
      attachment.Detach();
    }
  }

 private:
  static constexpr uint32_t kKinds = 4;
  Attachment all_[kKinds] = {{Kind::kKprobe, kStaysOn},
                             {Kind::kKretprobe, kStaysOn},
                             {Kind::kMulti, kStaysOn},
                             {Kind::kMultiReturns, kStaysOn}};
  uint64_t calls_[kKinds] = {};
};

void CheckCycles(const Cycles& cycles, uint32_t count) {
  GUEST_EXPECT_EQ(count, kCycles);
  GUEST_EXPECT_EQ(cycles.late(), 0);
  GUEST_EXPECT_EQ(cycles.wrong(), 0);
  GUEST_EXPECT(cycles.missed() <= cycles.hits() / 1000);
  GUEST_EXPECT(cycles.with_hits() >= kCycles - kCycles / 20);
  GUEST_EXPECT_EQ(WorkloadErrors(), 0);
}

void RunStorm(const char* name, Kind kind) {
  Staying staying;
  GUEST_ASSERT(staying.Attach());
  GUEST_ASSERT(StartWorkload(UINT32_MAX));
  Cycles cycles(kind);
  uint32_t count = 0;
  const uint64_t begin = machine::Nanoseconds();
  while (count < kCycles && cycles.One()) {
    ++count;
    if (count % 1000 == 0) {
      Line() << "  " << name << ": " << count << " cycles so far";
    }
  }
  const uint64_t elapsed = machine::Nanoseconds() - begin;
  StopWorkload();
  WaitForWorkload();
  Line() << name << ": " << count << " cycles in " << elapsed / 1'000'000
         << " ms, " << cycles.with_hits() << " with hits on each of "
         << OnlineCpus() << " CPUs, " << cycles.hits() << " hits, "
         << cycles.missed() << " missed, " << cycles.busy()
         << " attached again";
  CheckCycles(cycles, count);
  staying.Check();
  staying.Detach();
}

/// What one run leaves allocated (the instances of returns, tables that grew)
/// the next one finds.
void ComeAndGoOnce() {
  Attachment first(Kind::kMultiReturns, kComesAndGoesOn);
  GUEST_EXPECT(first.Attach());
  first.Detach();
}

void StormWithBalance(const char* name, Kind kind) {
  WithBalance(ComeAndGoOnce, [=] { RunStorm(name, kind); });
}

GUEST_TEST(ComeAndGo, Start) { GUEST_EXPECT_EQ(-StartEbpf(), 0); }

GUEST_TEST(ComeAndGo, Kprobes) { StormWithBalance("kprobe", Kind::kKprobe); }

GUEST_TEST(ComeAndGo, Kretprobes) {
  StormWithBalance("kretprobe", Kind::kKretprobe);
}

GUEST_TEST(ComeAndGo, ManyAtOnce) { StormWithBalance("multi", Kind::kMulti); }

}  // namespace
}  // namespace guest::storm
