// SPDX-License-Identifier: MIT
//
// Every CPU changes the same maps at once, by programs in tasks, in timer
// interrupts and in traps in the middle of other operations, and by system
// calls: no value that was never written, none of another key or CPU, no
// element and no record lost, and all memory given back.
#include "core/base/atomic.h"
#include "core/capi/ebpf.h"
#include "core/memory/allocator.h"
#include "testing/guest/demo/start.h"
#include "testing/guest/kernel/balance.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/maps/duration.h"
#include "testing/guest/maps/storm.h"

namespace guest::maps {
namespace {

using ebpf::kRelaxed;

constexpr uint32_t kCallsForEachRun = 512;

constexpr size_t kMaxTraps = 4;

/// Functions where storm_trap runs.
struct Traps {
  size_t count;
  const char* functions[kMaxTraps];
};
// Where no lock is held: two CPUs that interrupt each other's locks wait long.
constexpr Traps kOutsideOfLocks = {
    3,
    {"_ZN4ebpf9HashTable3PutENS_4SpanIKhEES3_NS_10UpdateModeENS_"
     "11TableCallerE",
     "_ZN4ebpf10RingBuffer7ReserveEm", "_ZN4ebpf8QueueMap3PopENS_4SpanIhEE"}};
// Under a bucket's lock, or for an LRU.
constexpr Traps kInsideOfLocks = {
    2,
    {"_ZN4ebpf9HashTable6UnlinkERNS0_6BucketERKNS0_8PositionE",
     "_ZN4ebpf11ElementPool4TakeEv"}};

/// What the tasks share.
struct Shared {
  Storm* storm = nullptr;
  uint64_t operations = 0;  // for each task
  ebpf::Atomic<uint64_t> failed_runs{0};
};

struct Worker {
  Shared* shared;
  uint32_t cpu;
  Caller caller;
};

uint64_t TaskOperations(uint64_t runs) {
  return runs * STORM_ROUNDS * 8;  // those of use_all()
}

void Work(void* argument) {
  auto& worker = *static_cast<Worker*>(argument);
  Shared& shared = *worker.shared;
  uint64_t runs = 0;
  while (TaskOperations(runs) + worker.caller.counts().operations <
         shared.operations) {
    if (!shared.storm->RunTask()) {
      shared.failed_runs.FetchAdd(1, kRelaxed);
    }
    ++runs;
    for (uint32_t i = 0; i < kCallsForEachRun; ++i) {
      worker.caller.CallOnce();
      if (worker.cpu == 0 && i % 64 == 0) {
        worker.caller.Drain();
      }
    }
    SafePoint();
  }
}

/// How many elements there are, by their keys.
template <typename Key>
uint64_t CountElements(const Map& map) {
  Key key = {};
  uint64_t count = 0;
  for (int64_t result = map.Next(nullptr, &key); result == 0;
       result = map.Next(&key, &key)) {
    ++count;
  }
  return count;
}

/// Deletes all elements, then fills the map: `room` new keys find a place.
void Refill(const Map& map, uint64_t room) {
  storm_value of_cpu[kMaxCpus] = {};
  for (uint32_t key = 0; key < STORM_LRU_KEYS; ++key) {
    (void)map.Delete(&key);
  }
  GUEST_EXPECT_EQ(CountElements<uint32_t>(map), 0);
  for (uint32_t key = 0; key < room; ++key) {
    GUEST_EXPECT_EQ(-map.Update(&key, of_cpu, kNoExist), 0);
  }
  GUEST_EXPECT_EQ(CountElements<uint32_t>(map), room);
}

void RefillTrie(const Map& trie) {
  storm_value value = {};
  Prefix prefix = {};
  while (trie.Next(nullptr, &prefix) == 0) {
    GUEST_ASSERT(trie.Delete(&prefix) == 0);
  }
  for (uint32_t key = 0; key < 2 * STORM_KEYS; ++key) {
    prefix = Prefix::Of(key);
    GUEST_EXPECT_EQ(-trie.Update(&prefix, &value, kNoExist), 0);
  }
  prefix = Prefix::Of(2 * STORM_KEYS);
  GUEST_EXPECT(trie.Update(&prefix, &value, kNoExist) < 0);
}

void CheckQueue(const Map& queue, const storm_counts& all) {
  storm_value value = {};
  uint64_t left = 0;
  uint64_t sum = 0;
  while (queue.Take(nullptr, &value) == 0) {
    ++left;
    sum += value.word;
  }
  GUEST_EXPECT_EQ(all.pushed, all.popped + left);
  GUEST_EXPECT_EQ(all.pushed_sum, all.popped_sum + sum);
  for (uint32_t i = 0; i < STORM_QUEUE; ++i) {
    GUEST_EXPECT_EQ(-queue.Update(nullptr, &value, kAny), 0);
  }
  GUEST_EXPECT(queue.Update(nullptr, &value, kAny) < 0);
}

/// Nothing runs any more: what is there is what came and did not go.
void CheckElements(const Maps& maps, const storm_counts& all) {
  GUEST_EXPECT_EQ(CountElements<uint32_t>(maps.hash),
                  all.hash_in - all.hash_out);
  GUEST_EXPECT_EQ(CountElements<uint32_t>(maps.per_cpu_hash),
                  all.per_cpu_in - all.per_cpu_out);
  GUEST_EXPECT_EQ(CountElements<Prefix>(maps.trie), all.trie_in - all.trie_out);
  GUEST_EXPECT(CountElements<uint32_t>(maps.lru) <= STORM_LRU_ENTRIES);
  CheckQueue(maps.queue, all);
  Refill(maps.hash, STORM_KEYS);
  Refill(maps.per_cpu_hash, STORM_KEYS);
  Refill(maps.lru, STORM_LRU_ENTRIES);
  RefillTrie(maps.trie);
}

void CheckCounts(const storm_counts& all) {
  GUEST_EXPECT_EQ(all.never_written, 0);
  GUEST_EXPECT_EQ(all.wrong_key, 0);
  GUEST_EXPECT_EQ(all.wrong_cpu, 0);
  GUEST_EXPECT_EQ(all.unexpected, 0);
  GUEST_EXPECT(all.tasks > 0);
  GUEST_EXPECT(all.ticks > 0);
  GUEST_EXPECT(all.traps > 0);
}

void Print(const storm_counts& all, uint64_t called, uint64_t elapsed) {
  Line() << "  " << all.operations << " operations in " << elapsed / 1'000'000
         << " ms on " << OnlineCpus() << " CPUs: " << called
         << " by system calls, the rest by programs in " << all.tasks
         << " tasks of " << uint64_t{STORM_ROUNDS} << " rounds, " << all.ticks
         << " interrupts, " << all.traps << " traps";
  Line() << "  " << all.busy << " refused as busy, " << all.refused
         << " for other reasons, " << all.recycled << " values found recycled, "
         << all.records << " records, " << all.discarded << " discarded, "
         << all.ring_full << " found no room";
}

/// What one storm needs: more than a kernel's stack may have.
struct Blow {
  explicit Blow(ebpf_client* client) : storm(client) {}

  Storm storm;
  Shared shared = {&storm};
  Worker workers[kMaxCpus] = {{&shared, 0, {storm.maps(), 0}},
                              {&shared, 1, {storm.maps(), 1}},
                              {&shared, 2, {storm.maps(), 2}},
                              {&shared, 3, {storm.maps(), 3}}};
  Thread* threads[kMaxCpus] = {};
  int links[kMaxTraps] = {};
  storm_counts all = {};
  storm_counts called = {};
  uint64_t elapsed = 0;

  bool Attach(const Traps& traps) {
    bool attached = storm.Load() && storm.AttachToTicks();
    for (size_t i = 0; i < traps.count; ++i) {
      links[i] = attached ? storm.AttachTrap(traps.functions[i]) : -1;
      attached = attached && links[i] >= 0;
    }
    return attached;
  }
  void Detach(const Traps& traps) {
    for (size_t i = 0; i < traps.count; ++i) {
      GUEST_EXPECT(storm.Detach(links[i]));
    }
    GUEST_EXPECT(storm.DetachFromTicks());
  }
  void Run(uint32_t cpus) {
    const uint64_t start = machine::Nanoseconds();
    for (uint32_t cpu = 0; cpu < cpus; ++cpu) {
      threads[cpu] = Spawn("storm", cpu, Work, &workers[cpu]);
      GUEST_ASSERT(threads[cpu] != nullptr);
    }
    for (uint32_t cpu = 0; cpu < cpus; ++cpu) {
      Join(threads[cpu]);
    }
    elapsed = machine::Nanoseconds() - start;
  }
  /// Nothing runs any more.
  void Count() {
    workers[0].caller.Drain();
    all = storm.Counted();
    for (const Worker& worker : workers) {
      Add(called, worker.caller.counts());
    }
    Add(all, called);
  }
};

/// The storm on CPUs below `cpus`.
void Check(Blow& blow, uint32_t cpus, uint64_t operations, const Traps& traps) {
  blow.shared.operations = operations / cpus;
  GUEST_ASSERT(blow.Attach(traps));
  blow.Run(cpus);
  blow.Detach(traps);
  blow.Count();
  Print(blow.all, blow.called.operations, blow.elapsed);
  GUEST_EXPECT(blow.all.operations >= operations);
  GUEST_EXPECT_EQ(blow.shared.failed_runs.Load(kRelaxed), 0);
  CheckCounts(blow.all);
  GUEST_EXPECT_EQ(blow.workers[0].caller.read(), blow.all.records);
  GUEST_EXPECT_EQ(blow.workers[0].caller.read_sum(), blow.all.records_sum);
  CheckElements(blow.storm.maps(), blow.all);
}

/// Calls `body` with a storm that has not begun.
template <typename Body>
void WithBlow(Body body) {
  ebpf_client* client = ebpf_client_create(EBPF_ORIGIN_KERNEL);
  GUEST_ASSERT(client != nullptr);
  const auto blow = ebpf::PortAllocator().New<Blow>(client);
  GUEST_ASSERT(blow.ok());
  body(**blow);
  ebpf::PortAllocator().Delete(*blow);
  ebpf_client_delete(client);
}

void BlowInBalance(uint32_t cpus, uint64_t operations, const Traps& traps) {
  static constinit bool started = false;
  started = started || StartEbpf() == 0;
  GUEST_ASSERT(started);
  // What all probes share is made with the first ones, and stays.
  WithBlow([&traps](Blow& blow) {
    GUEST_ASSERT(blow.Attach(traps));
    blow.Detach(traps);
  });
  const uint64_t memory = SettledBalance();
  WithBlow([&](Blow& blow) { Check(blow, cpus, operations, traps); });
  WaitForBalance(memory);
}

GUEST_TEST(MapStorm, AllCpusChangeTheSameMaps) {
  BlowInBalance(OnlineCpus(), kOperations, kOutsideOfLocks);
}

GUEST_TEST(MapStorm, TrapsUnderTheMapsLocks) {
  BlowInBalance(1, kOperations / 5, kInsideOfLocks);
}

}  // namespace
}  // namespace guest::maps
