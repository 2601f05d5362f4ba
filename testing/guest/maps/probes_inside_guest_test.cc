// SPDX-License-Identifier: MIT
//
// Probes inside what programs use: maps' changes, the ring, the port's
// allocator and clock, what is done under locks, helpers. Their programs do, in
// the trap, what was interrupted. Nothing hangs, and each hit has run or is
// counted as missed: two probes at neighbouring instructions count the same.
#include "core/capi/ebpf.h"
#include "core/memory/allocator.h"
#include "testing/guest/demo/start.h"
#include "testing/guest/kernel/balance.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/kernel/workload.h"
#include "testing/guest/maps/duration.h"
#include "testing/guest/maps/storm.h"

namespace guest::maps {
namespace {

constexpr const char* kTargets[] = {
    "_ZN4ebpf7helpers13MapUpdateElemEmmmmm",
    "_ZN4ebpf9HashTable3PutENS_4SpanIKhEES3_NS_10UpdateModeENS_11TableCallerE",
    "_ZN4ebpf9HashTable11TakeOrEvictEv",
    // Under a bucket's lock, of an evicted element among others.
    "_ZN4ebpf9HashTable6UnlinkERNS0_6BucketERKNS0_8PositionE",
    "_ZN4ebpf11ElementPool4TakeEv",
    "_ZN4ebpf10RingBuffer7ReserveEm",
    "_ZN4ebpf10RingBuffer6CommitEPhmb",
    "_ZN4ebpf8QueueMap4PushENS_4SpanIKhEEm",
    "_ZN4ebpf8QueueMap3PopENS_4SpanIhEE",
    "_ZN4ebpf7helpers11TracePrintkEmmmmm",
    "_ZN4ebpf8TraceLog5PrintENS_4SpanIKhEENS1_IKmEE",
    "ebpf_port_time_ns",
    "ebpf_port_alloc",
    "ebpf_port_free",
    // The truth is known of it.
    "vfs_read",
};
constexpr size_t kTargetCount = sizeof(kTargets) / sizeof(kTargets[0]);
constexpr size_t kRead = kTargetCount - 1;

constexpr uint32_t kCallsOfRound = 8;
constexpr uint64_t kReadsOfRound = 4;

struct Worker {
  Storm* storm;
  uint32_t cpu;
  uint64_t rounds;
  Caller caller;
  Caller reader;  // of the ring of the probes' programs
  uint64_t failed = 0;
};

void Work(void* argument) {
  auto& worker = *static_cast<Worker*>(argument);
  for (uint64_t i = 0; i < worker.rounds; ++i) {
    worker.failed += worker.storm->RunDriver() ? 0 : 1;
    for (uint32_t call = 0; call < kCallsOfRound; ++call) {
      worker.caller.CallOnce();
    }
    if (worker.cpu == 0) {
      // Reading is probed too, so there is no end of it.
      worker.caller.Drain(kReadsOfRound);
      worker.reader.Drain(kReadsOfRound);
    }
    char byte = 0;
    (void)vfs_read(-1, &byte, sizeof(byte));
    SafePoint();
  }
}

/// Two probes for each target.
struct Pair {
  Probed first;
  Probed second;
};

/// What all have counted so far, with interrupts off: reading hits nothing.
struct Hits {
  uint64_t first[kTargetCount];
  uint64_t second[kTargetCount];
  uint64_t reads;
};

void Look(const Pair (&pairs)[kTargetCount], Hits& hits) {
  const uintptr_t irq = machine::IrqSave();
  for (size_t i = 0; i < kTargetCount; ++i) {
    hits.first[i] = pairs[i].first.Hits();
    hits.second[i] = pairs[i].second.Hits();
  }
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    hits.reads += WorkloadCalls(WorkloadFunction::kRead, cpu);
  }
  machine::IrqRestore(irq);
}

bool AttachAll(Storm& storm, Pair (&pairs)[kTargetCount]) {
  for (size_t i = 0; i < kTargetCount; ++i) {
    const bool attached =
        storm.AttachProbed(kTargets[i], false, &pairs[i].first) &&
        storm.AttachProbed(kTargets[i], true, &pairs[i].second);
    if (!attached) {
      Line() << "  no probes in " << kTargets[i];
      return false;
    }
  }
  return true;
}

void Compare(const Hits& before, const Hits& after) {
  for (size_t i = 0; i < kTargetCount; ++i) {
    const uint64_t hits = after.first[i] - before.first[i];
    if (hits == 0 || hits != after.second[i] - before.second[i]) {
      Line() << "  " << kTargets[i] << ": " << hits << " and "
             << after.second[i] - before.second[i] << " hits";
    }
    GUEST_EXPECT(hits != 0);
    GUEST_EXPECT_EQ(hits, after.second[i] - before.second[i]);
  }
  GUEST_EXPECT_EQ(after.first[kRead] - before.first[kRead],
                  after.reads - before.reads);
}

void CheckCounts(const storm_counts& counts) {
  GUEST_EXPECT_EQ(counts.never_written, 0);
  GUEST_EXPECT_EQ(counts.wrong_key, 0);
  GUEST_EXPECT_EQ(counts.wrong_cpu, 0);
  GUEST_EXPECT_EQ(counts.unexpected, 0);
}

/// What one run needs: more than a kernel's stack may have.
struct Run {
  /// The probes' programs change other maps if so: two CPUs that interrupt each
  /// other's locks wait long.
  Run(ebpf_client* client, bool other_maps)
      : storm(client), other(client), probed(other_maps ? other : storm) {}

  bool Load() {
    return storm.Load() && (&probed == &storm || other.Load()) &&
           AttachAll(probed, pairs);
  }
  void OnCpusBelow(uint32_t cpus) {
    Thread* threads[kMaxCpus] = {};
    for (uint32_t cpu = 0; cpu < cpus; ++cpu) {
      workers[cpu].rounds = kOperations / 2500;
      threads[cpu] = Spawn("probed", cpu, Work, &workers[cpu]);
      GUEST_ASSERT(threads[cpu] != nullptr);
    }
    for (uint32_t cpu = 0; cpu < cpus; ++cpu) {
      Join(threads[cpu]);
      GUEST_EXPECT_EQ(workers[cpu].failed, 0);
      CheckCounts(workers[cpu].caller.counts());
    }
  }
  void Detach() {
    for (Pair& pair : pairs) {
      GUEST_EXPECT(probed.Detach(pair.first.link));
      GUEST_EXPECT(probed.Detach(pair.second.link));
    }
  }
  void Print(uint32_t cpus) {
    uint64_t runs = 0;
    uint64_t missed_by_guard = 0;
    uint64_t missed_by_program = 0;
    for (Pair& pair : pairs) {
      Probed* const both[] = {&pair.first, &pair.second};
      for (Probed* one : both) {
        runs += one->Runs();
        missed_by_guard += one->MissedByGuard();
        missed_by_program += one->MissedByProgram();
      }
    }
    GUEST_EXPECT(missed_by_guard > 0);
    GUEST_EXPECT(missed_by_program > 0);
    Line() << "  " << 2 * kTargetCount << " probes in " << kTargetCount
           << " functions, " << cpus << " CPUs: " << runs
           << " runs; missed: " << missed_by_guard << " under the guard, "
           << missed_by_program << " inside of programs";
  }

  Storm storm;
  Storm other;
  Storm& probed;
  Pair pairs[kTargetCount];
  Worker workers[kMaxCpus] = {
      {&storm, 0, 0, {storm.maps(), 0}, {probed.maps(), 0}},
      {&storm, 1, 0, {storm.maps(), 1}, {probed.maps(), 1}},
      {&storm, 2, 0, {storm.maps(), 2}, {probed.maps(), 2}},
      {&storm, 3, 0, {storm.maps(), 3}, {probed.maps(), 3}}};
  Hits before = {};
  Hits after = {};
};

void Check(Run& run, uint32_t cpus) {
  GUEST_ASSERT(run.Load());
  Look(run.pairs, run.before);
  run.OnCpusBelow(cpus);
  Look(run.pairs, run.after);
  Compare(run.before, run.after);
  run.Print(cpus);
  run.Detach();
  CheckCounts(run.storm.Counted());
  if (&run.probed == &run.other) {
    CheckCounts(run.other.Counted());
  }
}

/// Calls `body` with a run that has not begun.
template <typename Body>
void WithRun(uint32_t cpus, Body body) {
  ebpf_client* client = ebpf_client_create(EBPF_ORIGIN_KERNEL);
  GUEST_ASSERT(client != nullptr);
  const auto run = ebpf::PortAllocator().New<Run>(client, cpus > 1);
  GUEST_ASSERT(run.ok());
  body(**run);
  ebpf::PortAllocator().Delete(*run);
  ebpf_client_delete(client);
}

void RunInBalance(uint32_t cpus) {
  static constinit bool started = false;
  started = started || StartEbpf() == 0;
  GUEST_ASSERT(started);
  // What all probes share is made with the first ones, and stays.
  WithRun(cpus, [](Run& run) {
    GUEST_ASSERT(run.Load());
    run.Detach();
  });
  const uint64_t memory = SettledBalance();
  WithRun(cpus, [cpus](Run& run) { Check(run, cpus); });
  WaitForBalance(memory);
}

GUEST_TEST(ProbesInside, OfWhatOneCpuDoes) { RunInBalance(1); }

GUEST_TEST(ProbesInside, OfWhatAllCpusDo) {
  if (OnlineCpus() == 1) {
    SkipTest("one CPU");
    return;
  }
  RunInBalance(OnlineCpus());
}

}  // namespace
}  // namespace guest::maps
