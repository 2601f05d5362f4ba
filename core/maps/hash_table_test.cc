// SPDX-License-Identifier: MIT
//
// The table under concurrency: lookups without a lock, and traps anywhere.
#include "core/maps/hash_table.h"

#include <atomic>
#include <optional>
#include <random>
#include <thread>

#include "core/maps/hash_function.h"
#include "core/maps/map_test_util.h"
#include "core/maps/shared_bytes.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_signal_traps.h"

namespace ebpf {
namespace {

constexpr TableCaller kProgram = TableCaller::kProgram;
constexpr TableCaller kTask = TableCaller::kTask;
constexpr UpdateMode kAny = UpdateMode::kAny;

/// A value that says whose it is, in each of its words.
struct Value {
  uint64_t words[4];

  static Value Of(uint32_t key, uint32_t version) {
    const uint64_t word = uint64_t{key} << 32 | version;
    return {{word, ~word, word * 3, word + 1}};
  }
  uint32_t key() const { return static_cast<uint32_t>(words[0] >> 32); }
  bool whole() const {
    const Value same = Of(key(), static_cast<uint32_t>(words[0]));
    return memcmp(this, &same, sizeof(*this)) == 0;
  }
};

class HashTableTest : public MapTest {
 protected:
  HashTableTest() : table_(PortAllocator()) {}

  void Init(uint32_t max_entries) {
    ASSERT_EQ(table_.Init(sizeof(uint32_t), sizeof(Value), max_entries, 42),
              Status::kOk);
  }
  Status Put(uint32_t key, uint32_t version, UpdateMode mode = kAny,
             TableCaller caller = kProgram) {
    return table_.Put(In(key), In(Value::Of(key, version)), mode, caller);
  }

  HashTable table_;
};

TEST_F(HashTableTest, AKeyThatStaysIsAlwaysFoundWhileAllAroundItChanges) {
  // One bucket or two, so that every change is in the reader's way.
  constexpr uint32_t kEntries = 8;
  constexpr uint32_t kStaying = 3;
  constexpr uint32_t kRounds = 300'000;
  Init(kEntries);
  for (uint32_t key = 0; key < kStaying; ++key) {
    ASSERT_EQ(Put(key, 0), Status::kOk);
  }
  std::atomic<bool> done{false};
  std::vector<std::thread> writers;
  for (uint32_t writer = 0; writer < 2; ++writer) {
    writers.emplace_back([&, writer] {
      const HostCpu cpu(writer + 1);
      std::mt19937 random(writer);
      for (uint32_t i = 1; i < kRounds; ++i) {
        const Status status = Put(random() % kStaying, i);  // replaces
        EXPECT_TRUE(IsOk(status) || status == Status::kBusy);
        const uint32_t other = kStaying + random() % 8;
        if (random() % 2 == 0) {
          (void)Put(other, i);
        } else {
          (void)table_.Remove(In(other), kProgram);
        }
      }
      done = true;
    });
  }
  uint64_t lookups = 0;
  for (; !done || lookups < 100'000; ++lookups) {
    const uint32_t key = static_cast<uint32_t>(lookups % kStaying);
    uint8_t* value = table_.Find(In(key));
    ASSERT_NE(value, nullptr) << "after " << lookups;
    // The words may be of a recycled element, but always of one of this table.
    for (size_t i = 0; i < 4; ++i) {
      uint64_t word;
      shared_bytes::Load(Out(word), value + 8 * i);
      const uint64_t first = i == 0   ? word
                             : i == 1 ? ~word
                             : i == 2 ? word * 0xaaaaaaaaaaaaaaab
                                      : word - 1;
      ASSERT_LT(first >> 32, kStaying + 8);
      ASSERT_LT(first & 0xffffffff, kRounds);
    }
    Value copy;
    ASSERT_EQ(table_.CopyOut(In(key), Out(copy)), Status::kOk);
    ASSERT_TRUE(copy.whole());
    ASSERT_EQ(copy.key(), key);
  }
  for (std::thread& writer : writers) {
    writer.join();
  }
}

/// A key so long that comparing it takes a while, with its number at its end.
std::vector<uint8_t> LongKey(uint32_t number) {
  std::vector<uint8_t> key(2048);
  memcpy(&key[2044], &number, sizeof(number));
  return key;
}

/// Two long keys with the same hash.
std::pair<std::vector<uint8_t>, std::vector<uint8_t>> Twins(uint64_t seed) {
  std::map<uint32_t, uint32_t> number_of;
  for (uint32_t number = 0;; ++number) {
    const std::vector<uint8_t> key = LongKey(number);
    const auto [found, is_new] =
        number_of.emplace(HashKey(In(key), seed), number);
    if (!is_new) {
      return {LongKey(found->second), key};
    }
  }
}

/// Looks for a key while its twin, in front of it in the chain and long to
/// compare, leaves for another bucket: by `move(twin)` and `move(elsewhere)`.
class CarriedOffTest : public HashTableTest {
 protected:
  static constexpr uint64_t kSeed = 42;

  CarriedOffTest() : twins_(Twins(kSeed)), elsewhere_(LongKey(1u << 31)) {
    EXPECT_EQ(table_.Init(2048, 8, 4, kSeed), Status::kOk);
    for (uint32_t number = 1; HashKey(In(elsewhere_), kSeed) % 4 ==
                              HashKey(In(twins_.first), kSeed) % 4;
         ++number) {
      elsewhere_ = LongKey((1u << 31) + number);
    }
    Put(twins_.first);
  }

  void Put(const std::vector<uint8_t>& key) {
    EXPECT_EQ(table_.Put(In(key), In(uint64_t{1}), kAny, kTask), Status::kOk);
  }

  template <typename Move>
  void Run(Move move) {
    std::atomic<bool> done{false};
    std::thread mover([&] {
      const HostCpu cpu(1);
      while (!done) {
        move(twins_.second);
        move(elsewhere_);
      }
    });
    for (int i = 0; i < 300'000; ++i) {
      if (table_.Find(In(twins_.first)) == nullptr) {
        ADD_FAILURE() << "lost at lookup " << i;
        break;
      }
    }
    done = true;
    mover.join();
  }

  const std::pair<std::vector<uint8_t>, std::vector<uint8_t>> twins_;
  std::vector<uint8_t> elsewhere_;
};

TEST_F(CarriedOffTest, ByARemovedElementTheLookupStartsAgain) {
  Run([&](const std::vector<uint8_t>& key) {
    Put(key);
    EXPECT_EQ(table_.Remove(In(key), kTask), Status::kOk);
  });
}

TEST_F(CarriedOffTest, ByAReplacedElementTheLookupStartsAgain) {
  Put(twins_.second);
  Put(elsewhere_);
  Run([&](const std::vector<uint8_t>& key) { Put(key); });
}

TEST_F(HashTableTest, ThreadsOnKeysOfTheirOwnDisturbNobody) {
  constexpr uint32_t kThreads = 4;
  constexpr uint32_t kKeys = 64;  // of each
  constexpr int kRounds = 50'000;
  Init(kThreads * kKeys);
  RunOnCpus(kThreads, [&](uint32_t thread) {
    std::mt19937 random(thread);
    std::vector<int64_t> model(kKeys, -1);  // version, or not there
    for (int i = 0; i < kRounds; ++i) {
      const uint32_t index = random() % kKeys;
      const uint32_t key = thread * kKeys + index;
      Value value;
      switch (random() % 3) {
        case 0:
          ASSERT_EQ(Put(key, i, kAny, kTask), Status::kOk);
          model[index] = i;
          break;
        case 1:
          ASSERT_EQ(table_.Remove(In(key), kTask),
                    model[index] < 0 ? Status::kNotFound : Status::kOk);
          model[index] = -1;
          break;
        default:
          ASSERT_EQ(table_.CopyOut(In(key), Out(value)),
                    model[index] < 0 ? Status::kNotFound : Status::kOk);
          ASSERT_EQ(table_.Find(In(key)) == nullptr, model[index] < 0);
          if (model[index] >= 0) {
            const Value wanted =
                Value::Of(key, static_cast<uint32_t>(model[index]));
            ASSERT_EQ(memcmp(&value, &wanted, sizeof(value)), 0);
          }
      }
    }
  });
}

TEST_F(HashTableTest, ManyThreadsNeverPutMoreThanTheTableHolds) {
  constexpr uint32_t kEntries = 50;
  Init(kEntries);
  std::atomic<int64_t> balance{0};  // keys put minus keys removed
  RunOnCpus(4, [&](uint32_t thread) {
    std::mt19937 random(thread);
    for (int i = 0; i < 50'000; ++i) {
      const uint32_t key = random() % 100;
      if (random() % 3 != 0) {
        const Status status = Put(key, i, UpdateMode::kNoExist, kTask);
        if (IsOk(status)) {
          ++balance;
        } else {
          EXPECT_TRUE(status == Status::kExists || status == Status::kTooBig);
        }
      } else if (IsOk(table_.Remove(In(key), kTask))) {
        --balance;
      }
    }
  });
  int64_t found = 0;
  for (uint32_t key = 0; key < 100; ++key) {
    found += table_.Find(In(key)) != nullptr ? 1 : 0;
  }
  EXPECT_EQ(found, balance);
  EXPECT_LE(found, kEntries);
  // No element was lost: the table can be filled to the last one.
  uint32_t key = 1000;
  for (; found < kEntries; ++found) {
    ASSERT_EQ(Put(key++, 0), Status::kOk);
  }
  EXPECT_EQ(Put(key, 0), Status::kTooBig);
}

/// What a signal handler, our trap, does with the table it interrupted.
struct TrapState {
  HashTable* table;
  std::mt19937 random;
  uint64_t done;
  uint64_t busy;
  uint64_t wrong;
};
TrapState g_trap;

constexpr uint32_t kTrapKeys = 6;

void OnTrap() {
  const uint32_t key = g_trap.random() % kTrapKeys;
  Status status = Status::kOk;
  switch (g_trap.random() % 3) {
    case 0:
      status = g_trap.table->Put(In(key), In(Value::Of(key, g_trap.random())),
                                 kAny, kProgram);
      break;
    case 1:
      status = g_trap.table->Remove(In(key), kProgram);
      break;
    default: {
      const uint8_t* value = g_trap.table->Find(In(key));
      Value copy;
      if (value != nullptr) {
        memcpy(&copy, value, sizeof(copy));
        // What was interrupted may be refilling just this element.
        g_trap.wrong += copy.key() >= kTrapKeys ? 1 : 0;
      }
    }
  }
  switch (status) {
    case Status::kOk:
      ++g_trap.done;
      break;
    case Status::kBusy:
      ++g_trap.busy;
      break;
    case Status::kNotFound:
    case Status::kTooBig:
      break;
    default:
      ++g_trap.wrong;
  }
}

TEST_F(HashTableTest, ATrapAnywhereIsServedOrBusyAndTheTableStaysWhole) {
  Init(4);  // four buckets, and fewer elements than keys
  g_trap = {&table_, std::mt19937(5), 0, 0, 0};
  std::optional<SignalTraps> traps(OnTrap);

  std::mt19937 random(9);
  uint64_t own_busy = 0;
  // On a loaded machine traps come rarely, and few come inside a lock.
  const auto enough = [] { return g_trap.busy >= 50 && g_trap.done >= 500; };
  for (uint32_t i = 0; i < 200'000'000 && !enough(); ++i) {
    const uint32_t key = random() % kTrapKeys;
    if (random() % 3 == 0) {
      own_busy += table_.Remove(In(key), kProgram) == Status::kBusy ? 1 : 0;
    } else {
      own_busy += Put(key, i) == Status::kBusy ? 1 : 0;
    }
  }
  traps.reset();

  EXPECT_EQ(g_trap.wrong, 0u);
  EXPECT_EQ(own_busy, 0u) << "a trap ends before what it interrupted goes on";
  EXPECT_GT(g_trap.done, 0u);
  EXPECT_GT(g_trap.busy, 0u) << "no trap came inside a bucket's lock";
  printf("traps: %llu did their work, %llu found the bucket busy\n",
         static_cast<unsigned long long>(g_trap.done),
         static_cast<unsigned long long>(g_trap.busy));
  // Each element is still somewhere: empty the table, then fill it exactly.
  for (uint32_t key = 0; key < kTrapKeys; ++key) {
    (void)table_.Remove(In(key), kTask);
  }
  for (uint32_t key = 0; key < 4; ++key) {
    ASSERT_EQ(Put(100 + key, 1), Status::kOk);
  }
  EXPECT_EQ(Put(104, 1), Status::kTooBig);
  for (uint32_t key = 0; key < 4; ++key) {
    Value value;
    ASSERT_EQ(table_.CopyOut(In(100 + key), Out(value)), Status::kOk);
    EXPECT_TRUE(value.whole());
  }
}

TEST_F(HashTableTest, AFailedInitIsGoodForDestruction) {
  ForEachFailingAllocation("hash table", [](FailingAllocator& allocator) {
    HashTable table(allocator);
    EXPECT_EQ(table.Init(4, 8, 20'000, 1),
              allocator.failed() ? Status::kNoMemory : Status::kOk);
  });
}

}  // namespace
}  // namespace ebpf
