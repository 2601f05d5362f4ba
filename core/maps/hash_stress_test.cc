// SPDX-License-Identifier: MIT
//
// The hash kinds under threads and traps: no value that was never
// written, no value of another key or CPU, no element lost.
#include <atomic>
#include <cstdlib>
#include <optional>
#include <random>
#include <set>
#include <thread>

#include "core/linux_abi/bpf.h"
#include "core/maps/hash_map.h"
#include "core/maps/map_test_util.h"
#include "core/maps/shared_bytes.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_defer.h"
#include "testing/host_port/host_signal_traps.h"

namespace ebpf {
namespace {

constexpr UpdateMode kAny = UpdateMode::kAny;
constexpr uint32_t kThreads = 4;
constexpr uint32_t kKeys = 64;

/// A value that says whose it is in each of its words.
struct Value {
  uint64_t words[3];

  static Value Of(uint32_t key, uint32_t cpu, uint32_t version) {
    const uint64_t word = uint64_t{key} << 40 | uint64_t{cpu} << 32 | version;
    return {{word, ~word, word * 3}};
  }
  uint32_t key() const { return static_cast<uint32_t>(words[0] >> 40); }
  uint32_t cpu() const { return words[0] >> 32 & 0xff; }
  bool whole() const {
    const Value same = Of(key(), cpu(), static_cast<uint32_t>(words[0]));
    return memcmp(this, &same, sizeof(*this)) == 0;
  }
  bool zero() const { return words[0] == 0 && words[1] == 0 && words[2] == 0; }
};

struct Kind {
  const char* name;
  MapType type;
  uint32_t flags;
  uint32_t max_entries;

  bool per_cpu() const {
    return type == MapType::kPerCpuHash || type == MapType::kLruPerCpuHash;
  }
  bool lru() const {
    return type == MapType::kLruHash || type == MapType::kLruPerCpuHash;
  }
  bool on_demand() const { return (flags & linux_abi::kMapNoPrealloc) != 0; }
  /// What an update of a new key may get although nothing is wrong with it.
  bool MayRefuse(Status status) const {
    return (status == Status::kTooBig && !lru()) ||
           (status == Status::kNoMemory && (lru() || on_demand()));
  }
};

constexpr uint32_t kOwn = linux_abi::kMapNoCommonLru;
constexpr uint32_t kOnDemand = linux_abi::kMapNoPrealloc;
constexpr Kind kKinds[] = {
    {"Hash", MapType::kHash, 0, 40},
    {"PerCpuHash", MapType::kPerCpuHash, 0, 40},
    {"HashOnDemand", MapType::kHash, kOnDemand, 40},
    {"PerCpuHashOnDemand", MapType::kPerCpuHash, kOnDemand, 40},
    {"LruHash", MapType::kLruHash, 0, 16},
    {"LruHashOwn", MapType::kLruHash, kOwn, 32},
    {"LruPerCpuHash", MapType::kLruPerCpuHash, 0, 16},
    {"LruPerCpuHashOwn", MapType::kLruPerCpuHash, kOwn, 32},
};

uint32_t RoundCount() {
  const char* text = std::getenv("EBPF_STRESS_ROUNDS");
  return text == nullptr ? 40'000
                         : static_cast<uint32_t>(strtoul(text, nullptr, 10));
}

/// One thread, a CPU, on a map that all share.
class Worker {
 public:
  Worker(const Kind& kind, Map& map, uint32_t cpu)
      : kind_(kind), map_(map), cpu_(cpu), random_(cpu) {}

  void Run(uint32_t rounds) {
    const HostCpu host_cpu(cpu_);
    for (uint32_t version = 1; version <= rounds; ++version) {
      const uint32_t key = random_() % kKeys;
      switch (random_() % 8) {
        case 0:
        case 1:
          LookUp(key);
          break;
        case 2:
          CopyOut(key);
          break;
        case 3:
          TakeOut(key);
          break;
        case 4:
          Allow(map_.Delete(In(key)), Status::kNotFound);
          break;
        case 5:
          UpdateFromUser(key, version);
          break;
        default:
          AllowUpdate(
              map_.Update(In(key), In(Value::Of(key, cpu_, version)), kAny));
      }
    }
  }

  uint64_t found() const { return found_; }
  uint64_t done() const { return done_; }

 private:
  void Allow(Status status, Status other) {
    done_ += IsOk(status) ? 1 : 0;
    if (!IsOk(status) && status != other && status != Status::kBusy) {
      ADD_FAILURE() << "errno " << static_cast<int>(status);
    }
  }

  void AllowUpdate(Status status) {
    Allow(status, kind_.MayRefuse(status) ? status : Status::kOk);
  }

  /// What a program sees may be recycled meanwhile or torn, but each word was
  /// written for a key of this map; and on this CPU.
  void LookUp(uint32_t key) {
    const ReadSection section;
    const Result<Bytes> found = map_.Lookup(In(key));
    if (!found.ok()) {
      return;
    }
    ++found_;
    for (size_t i = 0; i < 3; ++i) {
      uint64_t word;
      shared_bytes::Load(Out(word), found->data() + 8 * i);
      if (word == 0 && kind_.per_cpu()) {
        continue;
      }
      const uint64_t first = i == 0   ? word
                             : i == 1 ? ~word
                                      : word * 0xaaaaaaaaaaaaaaab;
      ASSERT_LT(first >> 40, kKeys);
      if (kind_.per_cpu()) {
        ASSERT_EQ(first >> 32 & 0xff, cpu_);
      }
    }
  }

  /// What the system call gets is whole, and the key's.
  void Check(uint32_t key, const Value* values) {
    for (uint32_t cpu = 0; cpu < (kind_.per_cpu() ? kCpus : 1); ++cpu) {
      const Value& value = values[cpu];
      if (kind_.per_cpu() && value.zero()) {
        continue;
      }
      ASSERT_TRUE(value.whole());
      ASSERT_EQ(value.key(), key);
      if (kind_.per_cpu()) {
        ASSERT_EQ(value.cpu(), cpu);
      }
    }
  }

  void CopyOut(uint32_t key) {
    Value values[kCpus];
    if (IsOk(map_.CopyValueOut(In(key), Sized(values)))) {
      ++found_;
      Check(key, values);
    }
  }
  void TakeOut(uint32_t key) {
    Value values[kCpus];
    if (IsOk(map_.TakeOut(In(key), Sized(values)))) {
      ++found_;
      Check(key, values);
    }
  }
  void UpdateFromUser(uint32_t key, uint32_t version) {
    Value values[kCpus];
    for (uint32_t cpu = 0; cpu < kCpus; ++cpu) {
      values[cpu] = Value::Of(key, cpu, version);
    }
    AllowUpdate(map_.UpdateFromUser(In(key), Sized(values), kAny));
  }
  Bytes Sized(Value (&values)[kCpus]) {
    return Out(values).First(map_.user_value_size());
  }

  const Kind& kind_;
  Map& map_;
  const uint32_t cpu_;
  std::mt19937 random_;
  uint64_t found_ = 0;
  uint64_t done_ = 0;
};

size_t CountKeys(Map& map) {
  std::set<uint32_t> keys;
  uint32_t key = 0;
  for (Status status = map.NextKey(ConstBytes(), Out(key)); IsOk(status);
       status = map.NextKey(In(key), Out(key))) {
    EXPECT_TRUE(keys.insert(key).second);
  }
  return keys.size();
}

/// Empties the map and fills it again by all CPUs: as many keys as at first.
void CheckThatNothingWasLost(Map& map) {
  for (uint32_t key = 0; key < kKeys; ++key) {
    (void)map.DeleteFromUser(In(key));
  }
  ASSERT_EQ(CountKeys(map), 0u);
  const uint32_t count = map.spec().max_entries;
  for (uint32_t key = 0; key < count; ++key) {
    RunHostDeferred();
    const HostCpu cpu(key % kCpus);
    ASSERT_EQ(map.Update(In(key), In(Value{}), kAny), Status::kOk) << key;
  }
  EXPECT_EQ(CountKeys(map), count);
}

class HashStressTest : public MapTest,
                       public ::testing::WithParamInterface<Kind> {};

INSTANTIATE_TEST_SUITE_P(Kinds, HashStressTest, ::testing::ValuesIn(kKinds),
                         [](const auto& info) {
                           return std::string(info.param.name);
                         });

TEST_P(HashStressTest, ThreadsSeeOnlyWhatWasWrittenForTheirKeyAndCpu) {
  const Ref<Map> map = Make(Spec(GetParam().type, 4, sizeof(Value),
                                 GetParam().max_entries, GetParam().flags));
  std::vector<Worker> workers;
  for (uint32_t thread = 0; thread < kThreads; ++thread) {
    workers.emplace_back(GetParam(), *map, thread + 1);
  }
  std::optional<HostDeferWorker> deferred(kThreads + 1);
  std::vector<std::thread> threads;
  for (Worker& worker : workers) {
    threads.emplace_back([&worker] { worker.Run(RoundCount()); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  deferred.reset();
  uint64_t found = 0;
  uint64_t done = 0;
  for (const Worker& worker : workers) {
    found += worker.found();
    done += worker.done();
  }
  EXPECT_GT(found, RoundCount() / 10);
  EXPECT_GT(done, RoundCount() / 10);
  CheckThatNothingWasLost(*map);
}

/// What a signal handler, our trap, does with the map that it interrupted.
struct TrapState {
  Map* map;
  std::mt19937 random;
  uint64_t done;
  uint64_t busy;
  uint64_t no_memory;
  uint64_t wrong;
};
TrapState g_trap;

void Count(Status status) {
  switch (status) {
    case Status::kOk:
      ++g_trap.done;
      break;
    case Status::kBusy:
      ++g_trap.busy;
      break;
    case Status::kNoMemory:
      ++g_trap.no_memory;
      break;
    case Status::kNotFound:
    case Status::kTooBig:
      break;
    default:
      ++g_trap.wrong;
  }
}

void OnTrap() {
  const uint32_t key = g_trap.random() % kKeys;
  switch (g_trap.random() % 4) {
    case 0:
      return Count(g_trap.map->Delete(In(key)));
    case 1: {
      const Result<Bytes> found = g_trap.map->Lookup(In(key));
      if (found.ok()) {
        uint64_t word;
        shared_bytes::Load(Out(word), found->data());
        g_trap.wrong += word >> 40 >= kKeys ? 1 : 0;
      }
      return;
    }
    default:
      return Count(g_trap.map->Update(In(key), In(Value::Of(key, 0, 1)), kAny));
  }
}

class HashTrapTest : public HashStressTest {};

INSTANTIATE_TEST_SUITE_P(Kinds, HashTrapTest,
                         ::testing::ValuesIn(kKinds + 2, kKinds + 8),
                         [](const auto& info) {
                           return std::string(info.param.name);
                         });

TEST_P(HashTrapTest, ATrapAnywhereIsServedOrRefusedAndNothingIsLost) {
  const Ref<Map> map =
      Make(Spec(GetParam().type, 4, sizeof(Value), kCpus, GetParam().flags));
  g_trap = {map.get(), std::mt19937(5), 0, 0, 0, 0};
  std::optional<SignalTraps> traps(OnTrap);
  std::mt19937 random(9);
  uint64_t busy = 0;
  uint64_t no_memory = 0;
  // On a loaded machine traps come rarely, and few come inside a lock.
  const auto enough = [] { return g_trap.busy >= 3 && g_trap.done >= 100; };
  for (uint32_t i = 0; i < 100'000'000 && !enough(); ++i) {
    const uint32_t key = random() % kKeys;
    const Status status =
        random() % 4 == 0
            ? map->Delete(In(key))
            : map->Update(In(key), In(Value::Of(key, 0, i)), kAny);
    busy += status == Status::kBusy ? 1 : 0;
    no_memory += status == Status::kNoMemory ? 1 : 0;
    if (i % 64 == 0) {
      RunHostDeferred();  // traps come in there, too
    }
  }
  traps.reset();

  EXPECT_EQ(g_trap.wrong, 0u);
  EXPECT_GT(g_trap.done, 0u);
  EXPECT_GT(g_trap.busy, 0u) << "no trap came inside a bucket's lock";
  EXPECT_EQ(busy, 0u) << "a trap ends before what it interrupted goes on";
  if ((GetParam().flags & kOwn) == 0) {
    EXPECT_EQ(no_memory, 0u);
  } else {
    // The trap may have taken the element that was made free for it.
    EXPECT_LE(no_memory, g_trap.done / 50);
  }
  printf("traps: %llu served, %llu busy, %llu without memory\n",
         static_cast<unsigned long long>(g_trap.done),
         static_cast<unsigned long long>(g_trap.busy),
         static_cast<unsigned long long>(g_trap.no_memory));
  CheckThatNothingWasLost(*map);
}

}  // namespace
}  // namespace ebpf
