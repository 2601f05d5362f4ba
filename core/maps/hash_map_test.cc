// SPDX-License-Identifier: MIT
//
// BPF_MAP_TYPE_HASH: Linux's edges, and a comparison with std::map.
#include "core/maps/hash_map.h"

#include <map>
#include <random>
#include <set>

#include "core/linux_abi/bpf.h"
#include "core/linux_abi/perf_event.h"
#include "core/maps/map_test_util.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

using Key = uint32_t;
using Value = uint64_t;

constexpr UpdateMode kAny = UpdateMode::kAny;

MapSpec HashSpec(uint32_t max_entries, uint32_t flags = 0) {
  return Spec(MapType::kHash, sizeof(Key), sizeof(Value), max_entries, flags);
}

class HashMapTest : public MapTest {};

TEST_F(HashMapTest, FindsWhatWasPut) {
  const Ref<Map> map = Make(HashSpec(8));

  ASSERT_EQ(map->Update(In(Key{7}), In(Value{70}), kAny), Status::kOk);
  ASSERT_EQ(map->Update(In(Key{8}), In(Value{80}), kAny), Status::kOk);

  EXPECT_EQ(ValueAs<Value>(map->Lookup(In(Key{7}))), 70u);
  EXPECT_EQ(ValueAs<Value>(map->Lookup(In(Key{8}))), 80u);
  EXPECT_EQ(map->Lookup(In(Key{9})).status(), Status::kNotFound);
}

TEST_F(HashMapTest, RefusesSizesOfZero) {
  EXPECT_EQ(StatusOfMaking(Spec(MapType::kHash, 0, 8, 1)), Status::kInvalid);
  EXPECT_EQ(StatusOfMaking(Spec(MapType::kHash, 4, 0, 1)), Status::kInvalid);
  EXPECT_EQ(StatusOfMaking(Spec(MapType::kHash, 4, 8, 0)), Status::kInvalid);
}

TEST_F(HashMapTest, RefusesElementsThatLinuxCouldNotAllocate) {
  constexpr uint32_t kLimit = (4u << 20) - 48;

  EXPECT_EQ(StatusOfMaking(Spec(MapType::kHash, 4, kLimit - 4, 1)),
            Status::kTooBig);
  EXPECT_EQ(StatusOfMaking(Spec(MapType::kHash, kLimit, 1, 1)),
            Status::kTooBig);
  EXPECT_EQ(StatusOfMaking(Spec(MapType::kHash, UINT32_MAX, UINT32_MAX, 1)),
            Status::kTooBig);
  EXPECT_TRUE(Make(Spec(MapType::kHash, 4, kLimit - 5, 1)));
}

TEST_F(HashMapTest, RefusesMoreBucketsThanLinuxCounts) {
  EXPECT_EQ(StatusOfMaking(HashSpec(UINT32_MAX)), Status::kTooBig);
  EXPECT_EQ(StatusOfMaking(HashSpec((1u << 31) + 1)), Status::kTooBig);
  EXPECT_EQ(StatusOfMaking(HashSpec((1u << 27) + 1)), Status::kTooBig);
}

TEST_F(HashMapTest, KnowsTheFlagsThatLinuxTakesForAHash) {
  using namespace linux_abi;  // NOLINT: flags only
  for (uint32_t flag :
       {kMapNoPrealloc, kMapNumaNode, kMapReadOnly, kMapWriteOnly, kMapZeroSeed,
        kMapReadOnlyProg, kMapWriteOnlyProg}) {
    EXPECT_TRUE(Make(HashSpec(2, flag))) << flag;
  }
  for (uint32_t flag : {kMapNoCommonLru, kMapStackBuildId, kMapClone,
                        kMapMmapable, kMapPreserveElems, kMapInnerMap}) {
    EXPECT_EQ(StatusOfMaking(HashSpec(2, flag)), Status::kInvalid) << flag;
  }
  for (uint32_t bit = 13; bit < 32; ++bit) {
    EXPECT_EQ(StatusOfMaking(HashSpec(2, 1u << bit)), Status::kInvalid) << bit;
  }
  EXPECT_EQ(StatusOfMaking(HashSpec(2, kMapReadOnly | kMapWriteOnly)),
            Status::kInvalid);
  EXPECT_EQ(StatusOfMaking(HashSpec(2, kMapReadOnlyProg | kMapWriteOnlyProg)),
            Status::kInvalid);
}

TEST_F(HashMapTest, UpdateRefusesNewKeyWhenFull) {
  const Ref<Map> map = Make(HashSpec(3));
  for (Key key = 0; key < 3; ++key) {
    ASSERT_EQ(map->Update(In(key), In(Value{key}), kAny), Status::kOk);
  }

  EXPECT_EQ(map->Update(In(Key{3}), In(Value{3}), kAny), Status::kTooBig);
  EXPECT_EQ(map->Update(In(Key{1}), In(Value{11}), kAny), Status::kOk);
  EXPECT_EQ(map->Delete(In(Key{0})), Status::kOk);
  EXPECT_EQ(map->Update(In(Key{3}), In(Value{3}), kAny), Status::kOk);
  EXPECT_EQ(map->Update(In(Key{4}), In(Value{4}), kAny), Status::kTooBig);
  EXPECT_EQ(ValueAs<Value>(map->Lookup(In(Key{1}))), 11u);
}

TEST_F(HashMapTest, ElementsOfOtherCpusAreFoundBeforeTheMapIsFull) {
  constexpr Key kCount = 100;
  const Ref<Map> map = Make(HashSpec(kCount));
  for (Key key = 0; key < kCount; ++key) {
    const HostCpu cpu(key % 3);
    ASSERT_EQ(map->Update(In(key), In(Value{key}), kAny), Status::kOk) << key;
  }
  EXPECT_EQ(map->Update(In(kCount), In(Value{0}), kAny), Status::kTooBig);
}

TEST_F(HashMapTest, ModesSayWhetherTheKeyMayBeThere) {
  const Ref<Map> map = Make(HashSpec(2));

  EXPECT_EQ(map->Update(In(Key{1}), In(Value{1}), UpdateMode::kExist),
            Status::kNotFound);
  EXPECT_EQ(map->Update(In(Key{1}), In(Value{1}), UpdateMode::kNoExist),
            Status::kOk);
  EXPECT_EQ(map->Update(In(Key{1}), In(Value{2}), UpdateMode::kNoExist),
            Status::kExists);
  EXPECT_EQ(map->Update(In(Key{1}), In(Value{3}), UpdateMode::kExist),
            Status::kOk);
  EXPECT_EQ(ValueAs<Value>(map->Lookup(In(Key{1}))), 3u);
}

TEST_F(HashMapTest, UnknownModesAreInvalidWithAndWithoutTheKey) {
  const Ref<Map> map = Make(HashSpec(2));
  for (int round = 0; round < 2; ++round) {
    for (uint64_t mode : {uint64_t{3}, uint64_t{4}, uint64_t{5}, uint64_t{8},
                          uint64_t{1} << 32, ~uint64_t{0}}) {
      EXPECT_EQ(map->Update(In(Key{1}), In(Value{1}), UpdateMode(mode)),
                Status::kInvalid)
          << mode;
    }
    ASSERT_EQ(map->Update(In(Key{1}), In(Value{1}), kAny), Status::kOk);
  }
}

TEST_F(HashMapTest, NextKeyVisitsEachKeyOnceAndStartsAnewAtAnUnknownOne) {
  const Ref<Map> map = Make(HashSpec(64));
  for (Key key = 0; key < 50; ++key) {
    ASSERT_EQ(map->Update(In(key), In(Value{0}), kAny), Status::kOk);
  }

  std::set<Key> seen;
  Key key;
  Key first;
  ASSERT_EQ(map->NextKey(ConstBytes(), Out(first)), Status::kOk);
  key = first;
  do {
    EXPECT_TRUE(seen.insert(key).second);
  } while (IsOk(map->NextKey(In(key), Out(key))));

  EXPECT_EQ(seen.size(), 50u);
  EXPECT_EQ(map->NextKey(In(key), Out(key)), Status::kNotFound);
  ASSERT_EQ(map->NextKey(In(Key{999}), Out(key)), Status::kOk);
  EXPECT_EQ(key, first);
}

TEST_F(HashMapTest, NextKeyOfAnEmptyMapIsNotFound) {
  const Ref<Map> map = Make(HashSpec(4));
  Key key = 0;
  EXPECT_EQ(map->NextKey(ConstBytes(), Out(key)), Status::kNotFound);
  EXPECT_EQ(map->NextKey(In(key), Out(key)), Status::kNotFound);
}

TEST_F(HashMapTest, LacksDirectValuesAndPages) {
  const Ref<Map> map = Make(HashSpec(1));
  EXPECT_EQ(map->DirectValue().status(), Status::kNotSupportedLinux);
  EXPECT_EQ(map->Pages(0, 4096, false).status(), Status::kNotSupportedLinux);
  EXPECT_EQ(map->Poll(), linux_abi::kPollErr);
}

/// One million random operations on keys of `key_size` bytes beside std::map.
void CompareWithModel(uint32_t key_size, uint32_t value_size,
                      uint32_t max_entries, uint32_t key_range) {
  const Ref<Map> map =
      Make(Spec(MapType::kHash, key_size, value_size, max_entries));
  std::map<std::vector<uint8_t>, std::vector<uint8_t>> model;
  std::mt19937 random(key_size * 1000 + value_size);
  std::vector<uint8_t> key(key_size);
  std::vector<uint8_t> value(value_size);
  for (int i = 0; i < 1'000'000; ++i) {
    // The key's number is at its end, so that long keys differ there only.
    const uint32_t number = random() % key_range;
    for (uint32_t at = 0; at < key_size && at < 4; ++at) {
      key[key_size - 1 - at] = static_cast<uint8_t>(number >> (8 * at));
    }
    const auto found = model.find(key);
    const bool exists = found != model.end();
    const bool task = random() % 2 == 0;
    switch (random() % 4) {
      case 0: {
        const Result<Bytes> result = map->Lookup(In(key));
        ASSERT_EQ(result.ok(), exists);
        if (exists) {
          ASSERT_EQ(memcmp(result->data(), found->second.data(), value_size),
                    0);
          ASSERT_EQ(map->CopyValueOut(In(key), Out(value)), Status::kOk);
          ASSERT_EQ(value, found->second);
        } else {
          ASSERT_EQ(map->CopyValueOut(In(key), Out(value)), Status::kNotFound);
        }
        break;
      }
      case 1: {
        const Status wanted = exists ? Status::kOk : Status::kNotFound;
        ASSERT_EQ(task ? map->DeleteFromUser(In(key)) : map->Delete(In(key)),
                  wanted);
        model.erase(key);
        break;
      }
      default: {
        const auto mode = static_cast<UpdateMode>(random() % 3);
        for (uint8_t& byte : value) {
          byte = static_cast<uint8_t>(random());
        }
        Status wanted = Status::kOk;
        if (exists && mode == UpdateMode::kNoExist) {
          wanted = Status::kExists;
        } else if (!exists && mode == UpdateMode::kExist) {
          wanted = Status::kNotFound;
        } else if (!exists && model.size() == max_entries) {
          wanted = Status::kTooBig;
        }
        ASSERT_EQ(task ? map->UpdateFromUser(In(key), In(value), mode)
                       : map->Update(In(key), In(value), mode),
                  wanted);
        if (IsOk(wanted)) {
          model[key] = value;
        }
        break;
      }
    }
  }
  // The map holds the model's keys and no others.
  size_t count = 0;
  for (Status status = map->NextKey(ConstBytes(), Out(key)); IsOk(status);
       status = map->NextKey(In(key), Out(key))) {
    ASSERT_EQ(model.count(key), 1u);
    ++count;
  }
  EXPECT_EQ(count, model.size());
}

TEST_F(HashMapTest, EqualsAModelWithShortKeys) {
  CompareWithModel(4, 8, 1000, 1500);
}
TEST_F(HashMapTest, EqualsAModelWithOddSizesAndFewBuckets) {
  CompareWithModel(1, 3, 5, 9);
}
TEST_F(HashMapTest, EqualsAModelWithLongKeys) {
  CompareWithModel(40, 100, 300, 350);
}

TEST_F(HashMapTest, DirectLookupsFindWhatLookupsFind) {
  for (const uint32_t key_size : {1u, 4u, 7u, 8u, 16u, 24u}) {
    const Ref<Map> map = Make(Spec(MapType::kHash, key_size, 8, 300));
    const DirectLookup lookup = map->direct_lookup();
    ASSERT_NE(lookup, nullptr);
    std::vector<uint8_t> key(key_size, 0x11);
    for (unsigned i = 0; i < 256; ++i) {
      key[0] = static_cast<uint8_t>(i);
      const ConstBytes bytes(key.data(), key.size());
      if (i % 3 == 0) {
        ASSERT_EQ(map->Update(bytes, In(Value{i}), kAny), Status::kOk);
      }
      const uint64_t found =
          lookup(reinterpret_cast<uint64_t>(map.get()),
                 reinterpret_cast<uint64_t>(key.data()), 0, 0, 0);
      const Result<Bytes> value = map->Lookup(bytes);
      EXPECT_EQ(found,
                value.ok() ? reinterpret_cast<uint64_t>(value->data()) : 0)
          << key_size;
    }
  }
}

TEST_F(HashMapTest, EachFailedAllocationLeavesNothingBehind) {
  ForEachFailingAllocation("hash map", [](FailingAllocator& allocator) {
    const Result<Ref<Map>> map =
        CreateMap(Spec(MapType::kHash, 4, 100'000, 10), allocator);
    EXPECT_EQ(map.status(),
              allocator.failed() ? Status::kNoMemory : Status::kOk);
  });
}

TEST_F(HashMapTest, ALargeMapThatDoesNotFitIsRefusedCleanly) {
  const uint64_t before = PortAllocatedBytes();
  FailNthAllocation(200);

  EXPECT_EQ(StatusOfMaking(HashSpec(1'000'000)), Status::kNoMemory);

  EXPECT_TRUE(AllocationFailed());
  EXPECT_EQ(PortAllocatedBytes(), before);
}

}  // namespace
}  // namespace ebpf
