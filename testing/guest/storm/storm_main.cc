// SPDX-License-Identifier: MIT
//
// A probe that comes and goes a thousand times while every CPU runs the probed
// function with interrupts on: nothing is counted wrong, nothing hangs, nothing
// stays behind.
#include "core/base/text_writer.h"
#include "core/capi/ebpf.h"
#include "core/files/client.h"
#include "core/loader/object.h"
#include "testing/demo/client_calls.h"
#include "testing/guest/demo/start.h"
#include "testing/guest/kernel/balance.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/kernel/workload.h"
#include "testing/programs/count.h"
#include "testing/programs/count_object.h"

namespace guest {
namespace {

constexpr uint32_t kCycles = 1000;
constexpr uint32_t kMinCyclesWithHits = kCycles * 95 / 100;
/// How long a cycle waits for a hit on each CPU.
constexpr uint64_t kPatience = 40'000'000;  // ns

struct Counts {
  uint64_t of_cpu[kMaxCpus] = {};
};

Counts Truth() {
  Counts counts;
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    counts.of_cpu[cpu] = WorkloadCalls(WorkloadFunction::kRead, cpu);
  }
  return counts;
}

uint64_t CallsOfAll() {
  const Counts truth = Truth();
  uint64_t calls = 0;
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    calls += truth.of_cpu[cpu];
  }
  return calls;
}

class Storm {
 public:
  explicit Storm(ebpf_client* client)
      : client_(client),
        log_(log_buffer_, sizeof log_buffer_),
        object_(*reinterpret_cast<ebpf::Client*>(client), ebpf::PortAllocator(),
                log_) {}

  bool Load() {
    return IsOk(object_.Open(count_object())) && IsOk(object_.Load());
  }

  /// Loads, attaches, and detaches at once.
  bool ComeAndGo() {
    if (!Load()) {
      return false;
    }
    const ebpf::Result<int> link = object_.Attach(0, "vfs_read");
    return link.ok() && IsOk(object_.Detach(*link));
  }

  /// Attaches, waits for hits, detaches. False when that failed.
  bool Cycle() {
    const Counts truth_before = Truth();
    const Counts before = Counted();
    const ebpf::Result<int> link = object_.Attach(0, "vfs_read");
    if (!link.ok()) {
      return false;
    }
    const uint64_t end = machine::Nanoseconds() + kPatience;
    while (!HitSince(before) && machine::Nanoseconds() < end) {
      YieldOrWait();
    }
    if (!IsOk(object_.Detach(*link))) {
      return false;
    }
    const Counts after = Counted();
    const Counts truth_after = Truth();
    cycles_with_hits_ += HitOnEveryCpu(before, after) ? 1 : 0;
    for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
      const uint64_t counted = after.of_cpu[cpu] - before.of_cpu[cpu];
      hits_ += counted;
      const uint64_t calls = truth_after.of_cpu[cpu] - truth_before.of_cpu[cpu];
      // On a busy host, or preempted, some are behind the probe and not
      // counted.
      if (counted > calls + kWorkloadThreadsPerCpu) {
        ++wrong_;
      }
    }
    Yield();
    if (!SameCounts(after, Counted())) {
      ++late_;  // a hit after the detach
    }
    return true;
  }

  uint64_t hits() const { return hits_; }
  uint64_t cycles_with_hits() const { return cycles_with_hits_; }
  uint64_t wrong() const { return wrong_; }
  uint64_t late() const { return late_; }

 private:
  Counts Counted() {
    Counts counts;
    call_count of_cpu[kMaxCpus] = {};
    const uint32_t zero = 0;
    GUEST_EXPECT_EQ(
        -demo::LookupElem(client_, *object_.MapFd("calls"), &zero, of_cpu), 0);
    for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
      counts.of_cpu[cpu] = of_cpu[cpu].hits;
    }
    return counts;
  }
  static bool HitOnEveryCpu(const Counts& before, const Counts& after) {
    for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
      if (after.of_cpu[cpu] == before.of_cpu[cpu]) {
        return false;
      }
    }
    return true;
  }
  bool HitSince(const Counts& before) {
    return HitOnEveryCpu(before, Counted());
  }
  static bool SameCounts(const Counts& a, const Counts& b) {
    for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
      if (a.of_cpu[cpu] != b.of_cpu[cpu]) {
        return false;
      }
    }
    return true;
  }

  ebpf_client* client_;
  char log_buffer_[256];
  ebpf::TextWriter log_;
  ebpf::loader::Object object_;
  uint64_t hits_ = 0;
  uint64_t cycles_with_hits_ = 0;
  uint64_t wrong_ = 0;
  uint64_t late_ = 0;
};

void RunStorm(Storm& storm) {
  GUEST_ASSERT(storm.Load());
  GUEST_ASSERT(StartWorkload(UINT32_MAX));
  uint32_t cycles = 0;
  const uint64_t calls_before = CallsOfAll();
  const uint64_t start = machine::Nanoseconds();
  while (cycles < kCycles && storm.Cycle()) {
    ++cycles;
  }
  const uint64_t elapsed = machine::Nanoseconds() - start;
  StopWorkload();
  while (WorkloadRunning()) {
    YieldOrWait();
  }
  Line() << cycles << " cycles in " << elapsed / 1'000'000 << " ms, "
         << storm.cycles_with_hits() << " with hits on every CPU, "
         << storm.hits() << " hits";
  GUEST_EXPECT_EQ(cycles, kCycles);
  GUEST_EXPECT_EQ(WorkloadErrors(), 0);
  GUEST_EXPECT_EQ(storm.wrong(), 0);
  GUEST_EXPECT(storm.hits() <= CallsOfAll() - calls_before);
  GUEST_EXPECT_EQ(storm.late(), 0);
  GUEST_EXPECT(storm.cycles_with_hits() >= kMinCyclesWithHits);
}

/// Calls `body` with a storm of a client that lives as long.
template <typename Body>
void WithStorm(Body body) {
  ebpf_client* client = ebpf_client_create(EBPF_ORIGIN_KERNEL);
  GUEST_ASSERT(client != nullptr);
  {
    Storm storm(client);
    body(storm);
  }
  ebpf_client_delete(client);
}

GUEST_TEST(Storm, AProbeComesAndGoesUnderLoad) {
  const int error = StartEbpf();
  GUEST_EXPECT_EQ(-error, 0);
  if (error != 0) {
    return;
  }
  WithBalance(
      [] { WithStorm([](Storm& storm) { GUEST_ASSERT(storm.ComeAndGo()); }); },
      [] { WithStorm([](Storm& storm) { RunStorm(storm); }); });
}

}  // namespace
}  // namespace guest
