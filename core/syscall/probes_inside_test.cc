// SPDX-License-Identifier: MIT
//
// Probes inside what programs use: maps' changes, the ring, the port's
// allocator and clock, locks, helpers. Their programs do, from within, what was
// interrupted. Nothing hangs, and each hit has run or is counted as missed.
//
// Not probed: what EBPF_NOPROBE names (core/base/noprobe.h), which no port lets
// be probed: the trap's own way, ebpf_port_cpu_id, ebpf_port_irq_save,
// ebpf_port_irq_restore. SpinLock's code is inline everywhere; inside of a lock
// are here lock_rank_check's functions, called by the holder, and what maps do
// under it (ElementPool::Take, HashTable::Unlink).
#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

#include "core/maps/ring_buffer_map.h"
#include "testing/caller/probed_programs.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

using linux_abi::kMapTypeHash;

constexpr Target kTargets[] = {
    {"_ZN4ebpf7helpers13MapUpdateElemEmmmmm", 2, 0},
    {"_ZN4ebpf9HashTable3PutENS_4SpanIKhEES3_NS_10UpdateModeENS_"
     "11TableCallerE",
     2, 1},
    {"_ZN4ebpf9HashTable11TakeOrEvictEv", 0, 0},
    {"_ZN4ebpf9HashTable7CopyOutENS_4SpanIKhEENS1_IhEE", 0, 0},
    // Under a bucket's lock, of an evicted element among others.
    {"_ZN4ebpf9HashTable6UnlinkERNS0_6BucketERKNS0_8PositionE", 0, 0},
    // Under a bucket's lock, or for an LRU.
    {"_ZN4ebpf11ElementPool4TakeEv", 0, 0},
    {"_ZN4ebpf10RingBuffer7ReserveEm", 1, 0},
    {"_ZN4ebpf10RingBuffer6CommitEPhmb", 0, 0},
    {"_ZN4ebpf8QueueMap4PushENS_4SpanIKhEEm", 1, 0},
    {"_ZN4ebpf8QueueMap3PopENS_4SpanIhEE", 1, 0},
    // With the lock held, where they are called by TryLock and Unlock.
    {"_ZN4ebpf15lock_rank_check7AcquireENS_8LockRankE", 0, 0},
    {"_ZN4ebpf15lock_rank_check7ReleaseENS_8LockRankE", 0, 0},
    {"_ZN4ebpf7helpers11TracePrintkEmmmmm", 1, 0},
    {"_ZN4ebpf8TraceLog5PrintENS_4SpanIKhEENS1_IKmEE", 1, 0},
    {"ebpf_port_time_ns", 0, 0},
    {"ebpf_port_alloc", 0, 0},
    {"ebpf_port_free", 0, 0},
};

/// What three CPUs do at once, and what came of it.
struct Load {
  std::atomic<uint64_t> updates{0};  // of the hashes, by bpf(2)
  std::atomic<uint64_t> runs{0};     // of the driver, by bpf(2)
  std::atomic<uint64_t> calls{0};    // of the probed function "driven"
  std::atomic<uint64_t> wrong{0};
};

/// Who changes what at once.
struct Crowd {
  const char* name;
  uint32_t cpus;
  /// The probes' programs change the maps that they interrupted. On one CPU:
  /// two that interrupted each other's locks wait for long (see below).
  bool same_maps;
};

class ProbesInsideTest : public ProbedProgramsTest,
                         public testing::WithParamInterface<Crowd> {
 protected:
  ProbesInsideTest() : inner_maps_(GetParam().same_maps ? maps_ : MakeMaps()) {
    driver_ = LoadProgram(kRawTracepoint, Everything(maps_));
    on_driven_ = LoadProgram(kKprobe, Everything(maps_));
    for (const Target& target : kTargets) {
      const uint64_t first = Plant(target, 0, Everything(inner_maps_));
      Plant(target, first + 1, Everything(inner_maps_));
    }
    Result<Ref<KprobeEvent>> event =
        KprobeEvent::Create({"driven", 0, 0}, EventScope{}, PortAllocator());
    driven_event_ = *event;
    EXPECT_EQ(driven_event_->SetProgram(on_driven_.program, 0), Status::kOk);
    EXPECT_EQ(driven_event_->Enable(), Status::kOk);
  }
  ~ProbesInsideTest() override {
    driven_event_ = Ref<KprobeEvent>();
    driver_.program = Ref<Program>();
    on_driven_.program = Ref<Program>();
  }

  void RunOn(uint32_t cpu, uint64_t rounds) {
    const HostCpu on(cpu);
    auto* driven = driven_.As<uint64_t(uint64_t, uint64_t)>();
    for (uint64_t i = 0; i < rounds; ++i) {
      const auto key = static_cast<uint32_t>(i * 7 + cpu);
      load_.wrong += UpdateByCall(maps_.hash, key & 15) == 0 ? 0 : 1;
      const int64_t status = UpdateByCall(maps_.lru, key & 63);
      load_.wrong += status == 0 || status == Minus(Status::kNoMemory) ? 0 : 1;
      load_.updates += 2;
      LookUpByCall(maps_.hash, key & 15);
      load_.wrong += RunByCall(driver_.fd) == 0 ? 0 : 1;
      ++load_.runs;
      load_.wrong += driven(i, cpu) == i + cpu ? 0 : 1;
      ++load_.calls;
      if (i % 16 == 0) {
        MakeAndCloseMap();
      }
    }
  }
  /// A program may have removed it.
  void LookUpByCall(int64_t map, uint32_t key) {
    uint64_t value = 0;
    linux_abi::MapElemAttr attr{};
    attr.map_fd = static_cast<uint32_t>(map);
    attr.key = reinterpret_cast<uint64_t>(&key);
    attr.value = reinterpret_cast<uint64_t>(&value);
    const int64_t status = Call(linux_abi::kMapLookupElem, attr);
    load_.wrong += status == 0 || status == Minus(Status::kNotFound) ? 0 : 1;
  }
  void MakeAndCloseMap() {
    linux_abi::MapCreateAttr attr{};
    attr.map_type = kMapTypeHash;
    attr.key_size = 4;
    attr.value_size = 8;
    attr.max_entries = 4;
    const int64_t map = Call(linux_abi::kMapCreate, attr);
    load_.wrong +=
        map >= 0 && UpdateByCall(map, 1) == 0 && caller_.CloseFd(map) == 0 ? 0
                                                                           : 1;
    ++load_.updates;
  }

  /// Reads what is in the rings.
  void Drain() {
    Drain(maps_.ring);
    Drain(inner_maps_.ring);
  }
  void Drain(int64_t map) {
    RingBuffer& ring = RingBufferMap::From(MapOf(map))->ring();
    uint64_t record = 0;
    for (;;) {
      const Result<size_t> size =
          ring.Read(Bytes(reinterpret_cast<uint8_t*>(&record), sizeof(record)));
      if (!size.ok()) {
        EXPECT_EQ(size.status(), Status::kTryAgain);
        return;
      }
      load_.wrong += *size == sizeof(record) && record == kRecord ? 0 : 1;
      ++records_;
    }
  }

  /// Everybody's counts together.
  Counts SumOfAll() const {
    Counts sum = Sum(driver_);
    const auto add = [&sum](const Counts& more) {
      sum.runs += more.runs;
      sum.refused += more.refused;
      sum.wrong += more.wrong;
      sum.records += more.records;
    };
    add(Sum(on_driven_));
    for (const auto& probe : probes_) {
      add(Sum(probe->counted));
    }
    return sum;
  }
  std::vector<uint64_t> AllHits() const {
    std::vector<uint64_t> hits;
    for (const auto& probe : probes_) {
      hits.push_back(HitsOf(*probe));
    }
    return hits;
  }

  const Maps inner_maps_;
  Counted driver_;
  Counted on_driven_;
  Ref<KprobeEvent> driven_event_;
  Load load_;
  uint64_t records_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Crowds, ProbesInsideTest,
                         testing::Values(Crowd{"OneCpu", 1, true},
                                         Crowd{"ThreeCpus", 3, false}),
                         [](const auto& info) {
                           return std::string(info.param.name);
                         });

TEST_P(ProbesInsideTest, NothingHangsAndEachHitHasRunOrIsCountedAsMissed) {
  const Watchdog watchdog(std::chrono::seconds(240));
  const char* wanted = getenv("EBPF_PROBED_ROUNDS");
  const uint64_t rounds = wanted == nullptr ? 40 : strtoull(wanted, nullptr, 0);
  EnableAll();
  const std::vector<uint64_t> hits_before = AllHits();
  const uint64_t runs_before = SumOfAll().runs;

  std::atomic<uint32_t> running{GetParam().cpus};
  std::vector<std::thread> cpus;
  for (uint32_t cpu = 1; cpu <= GetParam().cpus; ++cpu) {
    cpus.emplace_back([this, cpu, rounds, &running] {
      RunOn(cpu, rounds);
      --running;
    });
  }
  while (running != 0) {
    if (GetParam().cpus > 1) {
      Drain();
    }
    std::this_thread::yield();
  }
  for (std::thread& cpu : cpus) {
    cpu.join();
  }
  const std::vector<uint64_t> hits = AllHits();
  const Counts all = SumOfAll();
  DisableAll();
  Drain();

  EXPECT_EQ(load_.wrong, 0u);
  EXPECT_EQ(all.wrong, 0u);
  EXPECT_EQ(Sum(driver_).runs, load_.runs);
  EXPECT_EQ(Sum(on_driven_).runs, load_.calls);
  EXPECT_EQ(driven_event_->Describe().missed, 0u);
  EXPECT_EQ(records_, SumOfAll().records);
  uint64_t missed_by_guard = 0;
  uint64_t missed_by_program = 0;
  for (size_t i = 0; i < probes_.size(); ++i) {
    const Probe& probe = *probes_[i];
    const Target& target = *probe.target;
    const uint64_t more = hits[i] - hits_before[i];
    // The other probe of the function was hit as often.
    EXPECT_EQ(more, hits[i ^ 1] - hits_before[i ^ 1]) << target.symbol;
    EXPECT_GT(more, 0u) << target.symbol;
    if (target.calls_of_run != 0) {
      EXPECT_EQ(more, (all.runs - runs_before) * target.calls_of_run +
                          load_.updates * target.calls_of_update)
          << target.symbol;
    }
    EXPECT_EQ(Sum(probe.counted).runs, probe.counted.program->Stats().runs);
    EXPECT_EQ(Sum(probe.counted).runs, probe.event->count());
    missed_by_guard += probe.event->Describe().missed;
    missed_by_program += probe.counted.program->Stats().missed;
  }
  EXPECT_GT(missed_by_guard, 0u);
  EXPECT_GT(missed_by_program, 0u);
  printf(
      "%zu probes in %zu functions, %u CPUs: %llu runs; missed: %llu under the "
      "guard, %llu inside of programs; %llu operations refused\n",
      probes_.size(), probes_.size() / 2, GetParam().cpus,
      static_cast<unsigned long long>(all.runs),
      static_cast<unsigned long long>(missed_by_guard),
      static_cast<unsigned long long>(missed_by_program),
      static_cast<unsigned long long>(all.refused));
}

}  // namespace
}  // namespace ebpf
