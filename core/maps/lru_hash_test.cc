// SPDX-License-Identifier: MIT
//
// The LRU hash kinds: never full, and what was used stays.
#include <set>

#include "core/linux_abi/bpf.h"
#include "core/maps/hash_map.h"
#include "core/maps/map_test_util.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

using Key = uint32_t;
using Value = uint64_t;

constexpr UpdateMode kAny = UpdateMode::kAny;

struct Kind {
  MapType type;
  uint32_t flags;
  const char* name;
};

class LruHashTest : public MapTest, public ::testing::WithParamInterface<Kind> {
 protected:
  Ref<Map> MakeLru(uint32_t max_entries) {
    return Make(Spec(GetParam().type, 4, 8, max_entries, GetParam().flags));
  }
  bool own() const { return GetParam().flags != 0; }
};

INSTANTIATE_TEST_SUITE_P(
    Kinds, LruHashTest,
    ::testing::Values(
        Kind{MapType::kLruHash, 0, "Common"},
        Kind{MapType::kLruHash, linux_abi::kMapNoCommonLru, "Own"},
        Kind{MapType::kLruPerCpuHash, 0, "PerCpuCommon"},
        Kind{MapType::kLruPerCpuHash, linux_abi::kMapNoCommonLru, "PerCpuOwn"}),
    [](const auto& info) { return std::string(info.param.name); });

Status Put(Map& map, Key key, UpdateMode mode = kAny) {
  return map.Update(In(key), In(Value{key} * 3), mode);
}
bool Has(Map& map, Key key) {
  std::vector<uint8_t> value(map.user_value_size());
  return IsOk(map.CopyValueOut(In(key), Out(value)));
}
size_t Count(Map& map) {
  size_t count = 0;
  Key key = 0;
  for (Status status = map.NextKey(ConstBytes(), Out(key)); IsOk(status);
       status = map.NextKey(In(key), Out(key))) {
    ++count;
  }
  return count;
}

TEST_P(LruHashTest, IsNeverFull) {
  for (const uint32_t max_entries : {1u, 2u, 8u, 100u, 1000u}) {
    const Ref<Map> map = MakeLru(max_entries);
    const uint32_t limit = map->spec().max_entries;
    for (Key key = 0; key < 5 * limit; ++key) {
      ASSERT_EQ(Put(*map, key), Status::kOk) << key << " of " << max_entries;
      ASSERT_TRUE(Has(*map, key));
    }
    EXPECT_EQ(Count(*map), own() ? limit / kCpus : limit);
  }
}

TEST_P(LruHashTest, EvictsNothingBeforeItIsFull) {
  const Ref<Map> map = MakeLru(1000);
  for (Key key = 0; key < 1000; ++key) {
    const HostCpu cpu(key % kCpus);
    ASSERT_EQ(Put(*map, key), Status::kOk);
  }
  EXPECT_EQ(Count(*map), 1000u);
}

TEST_P(LruHashTest, WhatIsLookedUpStaysAndWhatIsOnlyReadByUserSpaceGoes) {
  const Ref<Map> map = MakeLru(800);
  const uint32_t limit = own() ? 100 : 800;
  for (Key key = 0; key < limit; ++key) {
    ASSERT_EQ(Put(*map, key), Status::kOk);
  }
  const uint32_t used = limit / 4;
  for (Key key = 0; key < used; ++key) {
    ASSERT_TRUE(map->Lookup(In(key)).ok());
  }
  for (Key key = limit; key < 3 * limit; ++key) {
    ASSERT_TRUE(map->Lookup(In(key % used)).ok()) << key;
    ASSERT_EQ(Put(*map, key), Status::kOk);
    (void)Has(*map, used + key % used);
  }
  for (Key key = 0; key < used; ++key) {
    EXPECT_TRUE(Has(*map, key)) << key;
    EXPECT_FALSE(Has(*map, used + key)) << key;
  }
}

TEST_P(LruHashTest, AModeThatPutsNothingEvictsNothing) {
  const Ref<Map> map = MakeLru(8);
  for (Key key = 0; key < 8; ++key) {
    const HostCpu cpu(key);
    ASSERT_EQ(Put(*map, key), Status::kOk);
  }
  EXPECT_EQ(Put(*map, 100, UpdateMode::kExist), Status::kNotFound);
  EXPECT_EQ(Put(*map, 3, UpdateMode::kNoExist), Status::kExists);
  EXPECT_EQ(Put(*map, 3, UpdateMode(8)), Status::kInvalid);
  EXPECT_EQ(Count(*map), 8u);
}

TEST_P(LruHashTest, DeletedKeysMakeRoom) {
  const Ref<Map> map = MakeLru(80);
  const uint32_t limit = own() ? 10 : 80;
  for (Key key = 0; key < limit; ++key) {
    ASSERT_EQ(Put(*map, key), Status::kOk);
  }
  for (Key key = 0; key < limit; key += 2) {
    const HostCpu cpu(key % kCpus);
    ASSERT_EQ(map->Delete(In(key)), Status::kOk);
  }
  for (Key key = 0; key < limit / 2; ++key) {
    ASSERT_EQ(Put(*map, 1000 + key), Status::kOk);
  }
  EXPECT_EQ(Count(*map), limit);
  EXPECT_EQ(map->Delete(In(Key{0})), Status::kNotFound);
}

TEST_P(LruHashTest, RefusesNoPrealloc) {
  EXPECT_EQ(StatusOfMaking(Spec(GetParam().type, 4, 8, 8,
                                GetParam().flags | linux_abi::kMapNoPrealloc)),
            Status::kNotSupportedLinux);
}

TEST_P(LruHashTest, EachFailedAllocationLeavesNothingBehind) {
  ForEachFailingAllocation("LRU hash", [](FailingAllocator& allocator) {
    const Result<Ref<Map>> map = CreateMap(
        Spec(GetParam().type, 4, 3000, 100, GetParam().flags), allocator);
    EXPECT_EQ(map.status(),
              allocator.failed() ? Status::kNoMemory : Status::kOk);
  });
}

}  // namespace
}  // namespace ebpf
