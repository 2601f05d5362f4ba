// SPDX-License-Identifier: MIT
//
// The trie beside a simple model, with threads, and with traps.
#include "core/maps/lpm_trie.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "core/maps/map_test_util.h"
#include "testing/host_port/host_defer.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_signal_traps.h"

namespace ebpf {
namespace {

constexpr UpdateMode kAny = UpdateMode::kAny;

/// A prefix of any size.
struct Key {
  Key(uint32_t key_length, std::vector<uint8_t> data) : length(key_length) {
    bytes.resize(4);
    memcpy(bytes.data(), &length, 4);
    bytes.insert(bytes.end(), data.begin(), data.end());
  }
  LpmKey lpm() const { return LpmKey(bytes.data()); }
  /// Its bits, as the characters 0 and 1: what the key is to the trie.
  std::string bits() const {
    std::string text;
    for (uint32_t i = 0; i < length; ++i) {
      text += lpm().Bit(i) != 0 ? '1' : '0';
    }
    return text;
  }

  uint32_t length;
  std::vector<uint8_t> bytes;  // as bpf(2) has it
};

/// The order of NextKey: what begins with a key comes before it.
struct WalkOrder {
  bool operator()(const std::string& a, const std::string& b) const {
    const size_t common = std::min(a.size(), b.size());
    const int order = a.compare(0, common, b, 0, common);
    return order != 0 ? order < 0 : a.size() > b.size();
  }
};

struct Entry {
  std::vector<uint8_t> key;
  uint64_t value;
};
using Model = std::map<std::string, Entry, WalkOrder>;

class LpmTrieTest : public MapTest {
 protected:
  void Init(uint32_t data_size, uint32_t max_entries) {
    ASSERT_EQ(trie_.Init(data_size, sizeof(uint64_t), max_entries),
              Status::kOk);
  }
  template <typename K>
  Status Put(const K& key, uint64_t value, UpdateMode mode = kAny) {
    const uint32_t number = puts_.fetch_add(1);
    if (number % 2 == 0) {
      // As programs do, with a task that comes in time.
      if (number % 16 == 0 && !worker_) {
        RunHostDeferred();
      }
      const SpinGuard guard(trie_.lock);
      return trie_.Put(key.lpm(), In(value), mode);
    }
    LpmTrie::Spares spares = trie_.TakeSpares();
    Status status;
    {
      const SpinGuard guard(trie_.lock);
      status = trie_.Put(key.lpm(), In(value), mode, spares);
    }
    trie_.GiveBack(spares);
    return status;
  }
  template <typename K>
  Status Remove(const K& key) {
    const SpinGuard guard(trie_.lock);
    return trie_.Remove(key.lpm());
  }
  template <typename K>
  const uint64_t* Find(const K& key) {
    return reinterpret_cast<const uint64_t*>(trie_.Find(key.lpm()));
  }
  void CompareWithModel(uint32_t data_size, uint32_t max_entries);
  uint32_t JumpCount() {
    const SpinGuard guard(trie_.lock);
    return trie_.jump_count();
  }
  void CheckFind(const Key& key, const Model& model);
  void CheckWalk(const Model& model);
  void CheckNext(const Key& key, const Model& model);

  LpmTrie trie_{PortAllocator()};
  std::atomic<uint32_t> puts_{0};
  std::optional<HostDeferWorker> worker_;
};

void LpmTrieTest::CheckFind(const Key& key, const Model& model) {
  const uint64_t* found = Find(key);
  std::string bits = key.bits();
  for (;; bits.pop_back()) {
    const auto wanted = model.find(bits);
    if (wanted != model.end()) {
      ASSERT_NE(found, nullptr);
      ASSERT_EQ(*found, wanted->second.value);
      return;
    }
    if (bits.empty()) {
      ASSERT_EQ(found, nullptr);
      return;
    }
  }
}

void LpmTrieTest::CheckNext(const Key& key, const Model& model) {
  std::vector<uint8_t> next(key.bytes.size());
  auto wanted = model.find(key.bits());
  wanted = wanted == model.end() ? model.begin() : std::next(wanted);
  const LpmKey after = key.lpm();
  const SpinGuard guard(trie_.lock);
  ASSERT_EQ(trie_.NextKey(&after, Out(next)),
            wanted == model.end() ? Status::kNotFound : Status::kOk);
  if (wanted != model.end()) {
    ASSERT_EQ(next, wanted->second.key);
  }
}

void LpmTrieTest::CheckWalk(const Model& model) {
  std::vector<uint8_t> next(4 + trie_.max_length() / 8);
  const SpinGuard guard(trie_.lock);
  Status status = trie_.NextKey(nullptr, Out(next));
  for (const auto& [bits, entry] : model) {
    ASSERT_EQ(status, Status::kOk);
    ASSERT_EQ(next, entry.key);
    const LpmKey after(next.data());
    std::vector<uint8_t> following(next.size());
    status = trie_.NextKey(&after, Out(following));
    next = following;
  }
  ASSERT_EQ(status, Status::kNotFound);
}

void LpmTrieTest::CompareWithModel(uint32_t data_size, uint32_t max_entries) {
  Init(data_size, max_entries);
  Model model;
  std::mt19937 random(data_size);
  uint32_t most_jumps = 0;
  for (uint64_t i = 0, count = ModelOperations() / 4; i < count; ++i) {
    // It fills up, and empties again.
    const bool shrinks = i / (4 * max_entries) % 2 != 0;
    // Few different bits, so that prefixes meet.
    std::vector<uint8_t> data(data_size);
    for (uint8_t& byte : data) {
      byte = random() % 4 == 0 ? static_cast<uint8_t>(1u << random() % 8) : 0;
    }
    Key key(random() % (data_size * 8 + 1), data);
    const auto existing = model.lower_bound(key.bits());
    if (shrinks && existing != model.end() && random() % 2 == 0) {
      const LpmKey there(existing->second.key.data());
      key = Key(there.length, {there.data, there.data + data_size});
    }
    const bool exists = model.count(key.bits()) != 0;
    switch (random() % 5) {
      case 0:
        ASSERT_EQ(Remove(key), exists ? Status::kOk : Status::kNotFound);
        model.erase(key.bits());
        break;
      case 1:
        CheckNext(key, model);
        break;
      case 2:
        if (shrinks) {
          CheckFind(Key(data_size * 8, data), model);
          break;
        }
        [[fallthrough]];
      case 3: {
        const auto mode = static_cast<UpdateMode>(random() % 3);
        Status wanted = Status::kOk;
        if (exists && mode == UpdateMode::kNoExist) {
          wanted = Status::kExists;
        } else if (!exists && mode == UpdateMode::kExist) {
          wanted = Status::kNotFound;
        } else if (!exists && model.size() == max_entries) {
          wanted = Status::kNoSpace;
        }
        ASSERT_EQ(Put(key, i, mode), wanted);
        if (IsOk(wanted)) {
          model[key.bits()] = Entry{key.bytes, i};
        }
        break;
      }
      default:
        CheckFind(key, model);
    }
    if (i % 10'000 == 0) {
      CheckWalk(model);
    }
    most_jumps = std::max(most_jumps, JumpCount());
    if (HasFatalFailure()) {
      return;
    }
  }
  CheckWalk(model);
  if (max_entries > 1000) {
    EXPECT_GT(most_jumps, 10u);
  }
  for (const auto& [bits, entry] : model) {
    const LpmKey key(entry.key.data());
    const SpinGuard guard(trie_.lock);
    ASSERT_EQ(trie_.Remove(key), Status::kOk);
  }
  EXPECT_EQ(JumpCount(), 0u);
}

TEST_F(LpmTrieTest, EqualsAModelWithOneByte) { CompareWithModel(1, 100); }
TEST_F(LpmTrieTest, EqualsAModelWithIpv4) { CompareWithModel(4, 200); }
TEST_F(LpmTrieTest, EqualsAModelWithOddData) { CompareWithModel(7, 50); }
TEST_F(LpmTrieTest, EqualsAModelWithIpv6) { CompareWithModel(16, 100); }
TEST_F(LpmTrieTest, EqualsAModelWithOnePrefix) { CompareWithModel(3, 1); }
TEST_F(LpmTrieTest, EqualsAModelWithManyIpv4) { CompareWithModel(4, 2000); }
TEST_F(LpmTrieTest, EqualsAModelWithManyOdd) { CompareWithModel(5, 3000); }
TEST_F(LpmTrieTest, EqualsAModelWithManyWords) { CompareWithModel(8, 2000); }
TEST_F(LpmTrieTest, EqualsAModelWithManyIpv6) { CompareWithModel(16, 4000); }

TEST_F(LpmTrieTest, AChainOfPrefixesGetsTablesAndLosesThem) {
  constexpr uint32_t kLengths = 128;
  Init(16, 256);
  std::vector<uint32_t> order(kLengths);
  for (uint32_t i = 0; i < kLengths; ++i) {
    order[i] = i + 1;
  }
  const std::vector<uint8_t> data(16, 0xa5);
  std::mt19937 random(5);
  for (int round = 0; round < 50; ++round) {
    uint32_t most_jumps = 0;
    std::shuffle(order.begin(), order.end(), random);
    for (const uint32_t length : order) {
      ASSERT_EQ(Put(Key(length, data), length), Status::kOk);
      most_jumps = std::max(most_jumps, JumpCount());
    }
    EXPECT_EQ(most_jumps, 4u);  // all that there are
    for (uint32_t length = 1; length <= kLengths; ++length) {
      ASSERT_EQ(*Find(Key(length, data)), length);
    }
    std::shuffle(order.begin(), order.end(), random);
    for (const uint32_t length : order) {
      ASSERT_EQ(Remove(Key(length, data)), Status::kOk);
    }
    ASSERT_EQ(JumpCount(), 0u);
  }
}

TEST_F(LpmTrieTest, FillsUpAndEmptiesInAnyOrder) {
  // The most inner nodes that there can be: all prefixes have full length.
  constexpr uint32_t kEntries = 256;
  Init(1, kEntries);
  std::mt19937 random(2);
  for (int round = 0; round < 20; ++round) {
    std::vector<uint8_t> order(kEntries);
    for (uint32_t i = 0; i < kEntries; ++i) {
      order[i] = static_cast<uint8_t>(i);
    }
    std::shuffle(order.begin(), order.end(), random);
    for (const uint8_t byte : order) {
      ASSERT_EQ(Put(Key(8, {byte}), byte), Status::kOk);
    }
    ASSERT_EQ(Put(Key(7, {2}), 0), Status::kNoSpace);
    std::shuffle(order.begin(), order.end(), random);
    for (const uint8_t byte : order) {
      ASSERT_EQ(*Find(Key(8, {byte})), byte);
      ASSERT_EQ(Remove(Key(8, {byte})), Status::kOk);
      ASSERT_EQ(Find(Key(8, {byte})), nullptr);
    }
  }
}

// Prefixes that stay while others around them come and go: shorter ones,
// longer ones beside the addresses that are asked for, and neighbours.
constexpr uint32_t kStaying = 8;

/// An IPv4 prefix, as bpf(2) has it: nothing allocates for it in traps.
struct Prefix {
  LpmKey lpm() const { return LpmKey(reinterpret_cast<const uint8_t*>(this)); }

  uint32_t length;
  uint8_t bytes[4];
};

Prefix Staying(uint32_t number) {
  return {24, {10, 0, static_cast<uint8_t>(number * 16), 0}};
}
Prefix Asked(uint32_t number) {
  return {32, {10, 0, static_cast<uint8_t>(number * 16), 1}};
}
Prefix Coming(std::mt19937& random) {
  const auto byte = static_cast<uint8_t>(random() % kStaying * 16);
  switch (random() % 4) {
    case 3:
      return {static_cast<uint32_t>(17 + random() % 16),
              {10, 0, static_cast<uint8_t>(byte + 8), 0xff}};
    case 0:
      return {static_cast<uint32_t>(random() % 24), {10, 0, byte, 0}};
    case 1:
      return {static_cast<uint32_t>(25 + random() % 8),
              {10, 0, byte, static_cast<uint8_t>(128 + random() % 8)}};
    default:
      return {24, {10, 0, static_cast<uint8_t>(byte + 1 + random() % 8), 0}};
  }
}

/// With few prefixes, which leave often, or enough for tables, which come and
/// go with the nodes that others change.
class BusyLpmTrieTest : public LpmTrieTest,
                        public ::testing::WithParamInterface<uint32_t> {
 protected:
  BusyLpmTrieTest() {
    Init(4, kStaying + GetParam());
    for (uint32_t i = 0; i < kStaying; ++i) {
      EXPECT_EQ(Put(Staying(i), 1000 + i), Status::kOk);
    }
  }
  void ChangeOnce(std::mt19937& random) {
    const Prefix key = Coming(random);
    if (random() % 2 == 0) {
      (void)Put(key, 1);
    } else {
      (void)Remove(key);
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Prefixes, BusyLpmTrieTest,
                         ::testing::Values(12u, 200u));

TEST_P(BusyLpmTrieTest, ThreadsFindTheLongestPrefixWhileOthersChange) {
  std::atomic<bool> done{false};
  worker_.emplace(6);
  std::vector<std::thread> threads;
  for (uint32_t reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&, reader] {
      const HostCpu cpu(reader + 1);
      std::mt19937 random(reader);
      while (!done) {
        const ReadSection reading;
        const uint32_t number = random() % kStaying;
        const uint64_t* value = Find(Asked(number));
        ASSERT_NE(value, nullptr);
        ASSERT_EQ(*value, 1000 + number);
      }
    });
  }
  for (uint32_t writer = 0; writer < 2; ++writer) {
    threads.emplace_back([&, writer] {
      const HostCpu cpu(writer + 4);
      std::mt19937 random(100 + writer);
      for (int i = 0; i < 100'000; ++i) {
        ChangeOnce(random);
      }
      done = true;
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  worker_.reset();
}

struct Trapped {
  LpmTrie* trie;
  std::mt19937 random;
  uint64_t found;
  uint64_t changed;
  uint64_t busy;
  uint64_t wrong;
};
Trapped g_trapped;

void OnTrap() {
  Trapped& t = g_trapped;
  const uint32_t number = t.random() % kStaying;
  const auto* value =
      reinterpret_cast<const uint64_t*>(t.trie->Find<4>(Asked(number).lpm()));
  ++t.found;
  t.wrong += value == nullptr || *value != 1000 + number ? 1 : 0;
  uintptr_t irq;
  if (!t.trie->lock.TryLock(irq)) {
    ++t.busy;
    return;
  }
  const Prefix key = Coming(t.random);
  (void)t.trie->Put(key.lpm(), In(uint64_t{1}), kAny);
  t.trie->lock.Unlock(irq);
  ++t.changed;
}

TEST_P(BusyLpmTrieTest, ATrapAnywhereFindsTheLongestPrefix) {
  g_trapped = {&trie_, std::mt19937(3), 0, 0, 0, 0};
  std::mt19937 random(4);
  {
    const SignalTraps traps(OnTrap);
    const auto enough = [] {
      return g_trapped.busy >= 20 && g_trapped.changed >= 100;
    };
    for (uint32_t i = 0; i < 50'000'000 && !enough(); ++i) {
      ChangeOnce(random);
      const uint32_t number = random() % kStaying;
      const uint64_t* value = Find(Asked(number));
      ASSERT_NE(value, nullptr);
      ASSERT_EQ(*value, 1000 + number);
    }
  }
  EXPECT_EQ(g_trapped.wrong, 0u);
  EXPECT_GT(g_trapped.busy, 0u);
  EXPECT_GT(g_trapped.changed, 0u);
  printf("traps: %llu looked up, %llu found the lock held\n",
         static_cast<unsigned long long>(g_trapped.found),
         static_cast<unsigned long long>(g_trapped.busy));
}

TEST_F(LpmTrieTest, ANodeThatIsNotThereChangesNothing) {
  Init(4, 100'000);
  std::mt19937 random(6);
  Model model;
  const auto address = [&] {
    std::vector<uint8_t> data(4);
    for (uint8_t& byte : data) {
      byte = static_cast<uint8_t>(random());
    }
    return Key(32, data);
  };
  // Programs, and no task that comes in time.
  Status status = Status::kOk;
  while (IsOk(status)) {
    const Key key = address();
    const uint64_t value = model.size();
    const SpinGuard guard(trie_.lock);
    status = trie_.Put(key.lpm(), In(value), kAny);
    if (IsOk(status)) {
      model[key.bits()] = Entry{key.bytes, value};
    }
  }
  EXPECT_EQ(status, Status::kNoMemory);
  EXPECT_GT(model.size(), 200u);
  CheckWalk(model);
  // What is there can be removed, each inner node that it needs is there.
  while (model.size() > 10) {
    auto at = model.begin();
    std::advance(at, random() % model.size());
    const std::vector<uint8_t> bytes = at->second.key;
    ASSERT_EQ(Remove(Key(32, {bytes.begin() + 4, bytes.end()})), Status::kOk);
    model.erase(at);
  }
  CheckWalk(model);
  ASSERT_EQ(Put(address(), 1), Status::kOk);
}

TEST_F(LpmTrieTest, WhatIsRemovedIsFreedWhenItsReadersHaveEnded) {
  Init(4, 100'000);
  RunHostDeferred();
  const uint64_t empty = HostAllocatedBytes();
  std::vector<Key> keys;
  for (uint32_t i = 0; i < 5000; ++i) {
    keys.emplace_back(32, std::vector<uint8_t>{static_cast<uint8_t>(i * 37), 7,
                                               static_cast<uint8_t>(i >> 8),
                                               static_cast<uint8_t>(i)});
    ASSERT_EQ(Put(keys.back(), i), Status::kOk);
  }
  RunHostDeferred();
  EXPECT_GT(HostAllocatedBytes(), empty + 5000 * 80);
  for (const Key& key : keys) {
    ASSERT_EQ(Remove(key), Status::kOk);
  }
  RunHostDeferred();
  // Full stocks of nodes and tables remain.
  EXPECT_LT(HostAllocatedBytes(), empty + (400 << 10));
}

TEST_F(LpmTrieTest, AFailedInitIsGoodForDestruction) {
  ForEachFailingAllocation("trie", [](FailingAllocator& allocator) {
    LpmTrie trie(allocator);
    EXPECT_EQ(trie.Init(4, 8, 20'000),
              allocator.failed() ? Status::kNoMemory : Status::kOk);
  });
}

}  // namespace
}  // namespace ebpf
