// SPDX-License-Identifier: MIT
//
// BPF_MAP_TYPE_LPM_TRIE: the answers of Linux 6.18.
#include "core/maps/lpm_trie_map.h"

#include <atomic>
#include <random>
#include <string>
#include <thread>

#include "core/linux_abi/bpf.h"
#include "core/maps/map_test_util.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_signal_traps.h"

namespace ebpf {
namespace {

using namespace linux_abi;  // NOLINT: flags only

constexpr UpdateMode kAny = UpdateMode::kAny;
constexpr UpdateMode kNoExist = UpdateMode::kNoExist;
constexpr UpdateMode kExist = UpdateMode::kExist;

MapSpec Trie(uint32_t key_size, uint32_t value_size, uint32_t max_entries,
             uint32_t flags = kMapNoPrealloc) {
  return Spec(MapType::kLpmTrie, key_size, value_size, max_entries, flags);
}

/// An IPv4 prefix.
struct Prefix {
  uint32_t length;
  uint8_t bytes[4];
};

class LpmTrieMapTest : public MapTest {
 protected:
  explicit LpmTrieMapTest(uint32_t entries = 4)
      : map_(Make(Trie(sizeof(Prefix), sizeof(uint32_t), entries))) {}

  Status Put(Prefix key, uint32_t value, UpdateMode mode = kAny) {
    return map_->Update(In(key), In(value), mode);
  }
  Status Remove(Prefix key) { return map_->Delete(In(key)); }
  uint32_t Get(Prefix key) {
    const Result<Bytes> found = map_->Lookup(In(key));
    uint32_t copy = 0;
    EXPECT_EQ(map_->CopyValueOut(In(key), Out(copy)), found.status());
    if (!found.ok()) {
      EXPECT_EQ(found.status(), Status::kNotFound);
      return 0;
    }
    EXPECT_EQ(copy, ValueAs<uint32_t>(found));
    return copy;
  }
  /// All keys in order: "10.1.0.0/16 ...".
  std::string Keys() {
    std::string keys;
    Prefix key{};
    for (Status status = map_->NextKey(ConstBytes(), Out(key)); IsOk(status);
         status = map_->NextKey(In(key), Out(key))) {
      keys += Text(key) + " ";
    }
    return keys;
  }
  std::string Next(Prefix key) {
    Prefix next{};
    return IsOk(map_->NextKey(In(key), Out(next))) ? Text(next) : "none";
  }

  Ref<Map> map_;

 private:
  static std::string Text(const Prefix& key) {
    char text[32];
    snprintf(text, sizeof(text), "%u.%u.%u.%u/%u", key.bytes[0], key.bytes[1],
             key.bytes[2], key.bytes[3], key.length);
    return text;
  }
};

TEST_F(LpmTrieMapTest, TakesTheSizesAndFlagsThatLinuxTakes) {
  constexpr uint32_t kTaken = kMapNoPrealloc | kMapNumaNode | kMapReadOnly |
                              kMapWriteOnly | kMapReadOnlyProg |
                              kMapWriteOnlyProg;
  for (uint32_t bit = 0; bit < 32; ++bit) {
    EXPECT_EQ(StatusOfMaking(Trie(8, 8, 4, kMapNoPrealloc | 1u << bit)),
              (kTaken >> bit & 1) != 0 ? Status::kOk : Status::kInvalid)
        << bit;
  }
  EXPECT_EQ(StatusOfMaking(Trie(8, 8, 4, 0)), Status::kInvalid)
      << "it must be without preallocation";
  for (const uint32_t size : {0u, 1u, 4u, 261u, 264u, 300u}) {
    EXPECT_EQ(StatusOfMaking(Trie(size, 8, 4)), Status::kInvalid) << size;
  }
  for (const uint32_t size : {5u, 6u, 8u, 20u, 259u, 260u}) {
    EXPECT_EQ(StatusOfMaking(Trie(size, 8, 4)), Status::kOk) << size;
    // A value is as large with a short key as with the longest one.
    EXPECT_EQ(StatusOfMaking(Trie(size, (4u << 20) - 280, 1)), Status::kOk);
    EXPECT_EQ(StatusOfMaking(Trie(size, (4u << 20) - 279, 1)),
              Status::kInvalid);
  }
  EXPECT_EQ(StatusOfMaking(Trie(8, 0, 4)), Status::kInvalid);
  EXPECT_EQ(StatusOfMaking(Trie(8, 8, 0)), Status::kInvalid);
}

TEST_F(LpmTrieMapTest, FindsTheLongestPrefix) {
  EXPECT_EQ(Put({8, {10, 0, 0, 0}}, 3), Status::kOk);
  EXPECT_EQ(Put({0, {1, 2, 3, 4}}, 5), Status::kOk);
  EXPECT_EQ(Put({16, {10, 1, 0, 0}}, 6), Status::kOk);
  EXPECT_EQ(Put({24, {10, 1, 7, 0}}, 8), Status::kOk);

  EXPECT_EQ(Get({32, {99, 1, 1, 1}}), 5u);
  EXPECT_EQ(Get({32, {10, 1, 7, 200}}), 8u);
  EXPECT_EQ(Get({32, {10, 1, 6, 200}}), 6u);
  EXPECT_EQ(Get({32, {10, 2, 6, 200}}), 3u);
  EXPECT_EQ(Get({23, {10, 1, 7, 200}}), 6u) << "24 bits are more than asked";
  EXPECT_EQ(Get({24, {10, 1, 7, 200}}), 8u);
  EXPECT_EQ(Get({4, {10, 1, 7, 200}}), 5u);
}

TEST_F(LpmTrieMapTest, LengthsAboveTheDatasAreInvalidAndFindNothing) {
  EXPECT_EQ(Put({0, {}}, 1), Status::kOk);
  EXPECT_EQ(map_->Lookup(In(Prefix{33, {1, 2, 3, 4}})).status(),
            Status::kNotFound);
  EXPECT_EQ(Get({UINT32_MAX, {1, 2, 3, 4}}), 0u);
  EXPECT_EQ(Put({33, {1, 2, 3, 4}}, 1), Status::kInvalid);
  EXPECT_EQ(Put({UINT32_MAX, {1, 2, 3, 4}}, 1), Status::kInvalid);
  EXPECT_EQ(Remove({33, {1, 2, 3, 4}}), Status::kInvalid);
  EXPECT_EQ(Next({33, {}}), "0.0.0.0/0") << "the first one";
}

TEST_F(LpmTrieMapTest, ModesSayWhetherThePrefixMayBeThere) {
  for (const uint64_t mode : {3ull, 4ull, 5ull, 8ull, 1ull << 32}) {
    EXPECT_EQ(Put({8, {10, 0, 0, 0}}, 1, UpdateMode(mode)), Status::kInvalid);
  }
  EXPECT_EQ(Put({8, {10, 0, 0, 0}}, 1, kExist), Status::kNotFound);
  EXPECT_EQ(Put({8, {10, 1, 2, 3}}, 1, kNoExist), Status::kOk);
  EXPECT_EQ(Put({8, {10, 9, 9, 9}}, 2, kNoExist), Status::kExists)
      << "bits behind the prefix do not count";
  EXPECT_EQ(Get({32, {10, 2, 3, 4}}), 1u);
  EXPECT_EQ(Put({8, {10, 8, 8, 8}}, 3, kExist), Status::kOk);
  EXPECT_EQ(Get({32, {10, 2, 3, 4}}), 3u);
  EXPECT_EQ(Keys(), "10.8.8.8/8 ") << "the last key that was put, whole";
}

TEST_F(LpmTrieMapTest, AFullTrieTakesWhatIsThere) {
  ASSERT_EQ(Put({8, {10, 0, 0, 0}}, 1), Status::kOk);
  ASSERT_EQ(Put({0, {}}, 2), Status::kOk);
  ASSERT_EQ(Put({16, {10, 1, 0, 0}}, 3), Status::kOk);
  ASSERT_EQ(Put({24, {10, 1, 7, 0}}, 4), Status::kOk);

  EXPECT_EQ(Put({24, {10, 1, 7, 0}}, 8), Status::kOk);
  EXPECT_EQ(Put({25, {10, 1, 7, 0}}, 9), Status::kNoSpace);
  EXPECT_EQ(Put({25, {10, 1, 7, 0}}, 9, kNoExist), Status::kNoSpace);
  EXPECT_EQ(Put({25, {10, 1, 7, 0}}, 9, kExist), Status::kNotFound);
  EXPECT_EQ(Put({24, {10, 1, 7, 0}}, 9, kNoExist), Status::kExists);
  EXPECT_EQ(Put({12, {11, 0, 0, 0}}, 9), Status::kNoSpace);
  EXPECT_EQ(Remove({20, {10, 1, 7, 0}}), Status::kNotFound);
  EXPECT_EQ(Remove({16, {10, 1, 77, 0}}), Status::kOk);
  EXPECT_EQ(Remove({16, {10, 1, 77, 0}}), Status::kNotFound);
  EXPECT_EQ(Put({12, {11, 0, 0, 0}}, 9), Status::kOk);
  EXPECT_EQ(Get({32, {11, 0, 0, 1}}), 9u);
}

TEST_F(LpmTrieMapTest, LacksWhatLinuxsLacks) {
  uint32_t value = 0;
  EXPECT_EQ(map_->TakeOut(In(Prefix{}), Out(value)),
            Status::kNotSupportedLinux);
  EXPECT_EQ(map_->DirectValue().status(), Status::kNotSupportedLinux);
}

class LargerLpmTrieMapTest : public LpmTrieMapTest {
 protected:
  LargerLpmTrieMapTest() : LpmTrieMapTest(100) {
    for (const Prefix& key : {Prefix{32, {1, 2, 3, 4}},
                              {32, {1, 2, 3, 5}},
                              {31, {1, 2, 3, 5}},
                              {24, {1, 2, 3, 77}},
                              {32, {200, 0, 0, 1}},
                              {1, {128, 0, 0, 0}},
                              {5, {0, 0, 0, 0}},
                              {32, {0, 0, 0, 1}},
                              {9, {1, 0, 0, 0}},
                              {9, {1, 128, 0, 0}},
                              {0, {9, 9, 9, 9}}}) {
      EXPECT_EQ(Put(key, key.length), Status::kOk);
    }
  }
};

TEST_F(LargerLpmTrieMapTest, WalksAsLinuxDoes) {
  EXPECT_EQ(Keys(),
            "0.0.0.1/32 1.2.3.4/32 1.2.3.5/32 1.2.3.5/31 1.2.3.77/24 "
            "1.0.0.0/9 1.128.0.0/9 0.0.0.0/5 200.0.0.1/32 128.0.0.0/1 "
            "9.9.9.9/0 ");
  EXPECT_EQ(Next({32, {1, 2, 3, 4}}), "1.2.3.5/32");
  EXPECT_EQ(Next({0, {0, 0, 0, 0}}), "none") << "behind the last one";
  EXPECT_EQ(Next({24, {1, 2, 3, 0}}), "1.0.0.0/9") << "any bits behind it";
  EXPECT_EQ(Next({31, {1, 2, 3, 4}}), "1.2.3.77/24");
  // What is not there leads to the first one; an inner node is not there.
  EXPECT_EQ(Next({12, {1, 2, 3, 0}}), "0.0.0.1/32");
  EXPECT_EQ(Next({30, {1, 2, 3, 4}}), "0.0.0.1/32");
  EXPECT_EQ(Next({8, {1, 0, 0, 0}}), "0.0.0.1/32");
}

TEST_F(LargerLpmTrieMapTest, WalksAsLinuxDoesAfterChanges) {
  EXPECT_EQ(Remove({0, {0, 0, 0, 0}}), Status::kOk);
  EXPECT_EQ(Remove({9, {1, 0, 0, 0}}), Status::kOk);
  EXPECT_EQ(Put({24, {1, 2, 3, 200}}, 5), Status::kOk);
  EXPECT_EQ(Keys(),
            "0.0.0.1/32 1.2.3.4/32 1.2.3.5/32 1.2.3.5/31 1.2.3.200/24 "
            "1.128.0.0/9 0.0.0.0/5 200.0.0.1/32 128.0.0.0/1 ");
}

TEST_F(LargerLpmTrieMapTest, AnEmptyTrieHasNoKeys) {
  map_ = Make(Trie(sizeof(Prefix), 4, 4));
  EXPECT_EQ(Keys(), "");
  EXPECT_EQ(Next({3, {}}), "none");
  EXPECT_EQ(Get({32, {}}), 0u);
  EXPECT_EQ(Remove({32, {1, 2, 3, 4}}), Status::kNotFound);
}

TEST_F(LpmTrieMapTest, DirectLookupsFindWhatLookupsFind) {
  for (const uint32_t data_size : {1u, 4u, 5u, 8u, 13u, 16u, 256u}) {
    const Ref<Map> map = Make(Trie(4 + data_size, 8, 100));
    std::vector<uint8_t> key(4 + data_size, 0xa5);
    const auto set = [&](uint32_t length) { memcpy(key.data(), &length, 4); };
    for (uint32_t length = 0; length <= data_size * 8; length += 3) {
      set(length);
      (void)map->Update(In(key), In(uint64_t{length} + 1), kAny);
    }
    for (uint32_t bit = 0; bit < data_size * 8; ++bit) {
      std::vector<uint8_t> differs = key;
      differs[4 + bit / 8] ^= static_cast<uint8_t>(0x80 >> bit % 8);
      const uint32_t length = data_size * 8;
      memcpy(differs.data(), &length, 4);
      const uint64_t found = map->direct_lookup()(
          reinterpret_cast<uint64_t>(map.get()),
          reinterpret_cast<uint64_t>(differs.data()), 0, 0, 0);
      const Result<Bytes> value = map->Lookup(In(differs));
      ASSERT_TRUE(value.ok());
      EXPECT_EQ(found, reinterpret_cast<uint64_t>(value->data()));
      EXPECT_EQ(ValueAs<uint64_t>(value), Min(bit, 99u * 3) / 3 * 3 + 1);
    }
  }
}

/// A program's key may lie in a map's value, where others write meanwhile.
std::atomic<uint32_t>* g_length;

TEST_F(LpmTrieMapTest, ALengthThatChangesMeanwhileDoesNotGetTooLong) {
  alignas(4) uint8_t key[sizeof(Prefix)] = {32, 0, 0, 0, 1, 2, 3, 4};
  g_length = reinterpret_cast<std::atomic<uint32_t>*>(key);
  const SignalTraps traps(
      [] { *g_length = *g_length == 32 ? uint32_t{1000} : uint32_t{32}; });
  for (uint32_t i = 0; i < 200'000; ++i) {
    (void)map_->Update(In(key), In(i), kAny);
    Prefix first{};
    if (IsOk(map_->NextKey(ConstBytes(), BytesOf(first)))) {
      ASSERT_LE(first.length, 32u) << i;
    }
    (void)map_->Delete(In(key));
  }
}

TEST_F(LpmTrieMapTest, BytesThatChangeMeanwhileAreOnesOfAMoment) {
  map_ = Make(Trie(sizeof(Prefix), 4, 4096));
  alignas(4) uint8_t key[sizeof(Prefix)] = {};
  auto* const length = reinterpret_cast<uint32_t*>(key);
  std::atomic<bool> done{false};
  std::thread other([&] {
    for (uint32_t bits = 1; !done.load(std::memory_order_relaxed);) {
      bits = bits * 1664525 + 1013904223;
      __atomic_store_n(length + 1, bits, __ATOMIC_RELAXED);
    }
  });
  std::mt19937 random(1);
  for (uint32_t i = 0; i < 300'000; ++i) {
    *length = random() % 33;
    (void)(random() % 3 == 0 ? map_->Delete(In(key))
                             : map_->Update(In(key), In(i), kAny));
  }
  done = true;
  other.join();
  // What is there is in order, and goes.
  Prefix first{};
  uint32_t count = 0;
  while (IsOk(map_->NextKey(ConstBytes(), Out(first)))) {
    ASSERT_EQ(Remove(first), Status::kOk);
    ++count;
  }
  EXPECT_GT(count, 0u);
}

TEST_F(LpmTrieMapTest, EachFailedAllocationLeavesNothingBehind) {
  ForEachFailingAllocation("LPM trie", [](FailingAllocator& allocator) {
    EXPECT_EQ(CreateMap(Trie(8, 8, 10'000), allocator).status(),
              allocator.failed() ? Status::kNoMemory : Status::kOk);
  });
}

}  // namespace
}  // namespace ebpf
