// SPDX-License-Identifier: MIT
#include "core/maps/hash_of_maps_map.h"

#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "core/linux_abi/bpf.h"
#include "core/maps/map_test_util.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

constexpr UpdateMode kAny = UpdateMode::kAny;

/// A map for the hash, with `number` in its only value.
Ref<Map> Inner(uint64_t number) {
  const Ref<Map> map = Make(Spec(MapType::kArray, 4, 8, 1));
  EXPECT_EQ(map->Update(In(uint32_t{0}), In(number), kAny), Status::kOk);
  return map;
}

class HashOfMapsMapTest : public MapTest {
 protected:
  static Ref<Map> MakeOuter(uint32_t entries, uint32_t key_size = 4) {
    const Ref<Map> inner = Inner(0);
    MapSpec spec = Spec(MapType::kHashOfMaps, key_size, 4, entries);
    spec.inner = inner.get();
    return Make(spec);
  }
  static HashOfMapsMap& Of(const Ref<Map>& map) {
    return HashOfMapsMap::From(*map);
  }
  /// What a program finds under `key`, or null.
  static Map* Found(const Ref<Map>& outer, ConstBytes key) {
    const Result<Bytes> found = outer->Lookup(key);
    return found.ok() ? reinterpret_cast<Map*>(found->data()) : nullptr;
  }
  static Map* Found(const Ref<Map>& outer, uint32_t key) {
    return Found(outer, In(key));
  }
};

TEST_F(HashOfMapsMapTest, ProgramsFindTheMapItself) {
  const Ref<Map> outer = MakeOuter(2);
  const Ref<Map> a = Inner(1);
  EXPECT_EQ(Found(outer, 7), nullptr);
  EXPECT_EQ(Of(outer).Set(In(uint32_t{7}), a, kAny), Status::kOk);
  EXPECT_EQ(Found(outer, 7), a.get());
  EXPECT_EQ(Found(outer, 8), nullptr);
}

TEST_F(HashOfMapsMapTest, DirectLookupsFindTheMapToo) {
  for (const uint32_t key_size : {1u, 4u, 7u, 8u, 16u, 24u}) {
    const Ref<Map> outer = MakeOuter(2, key_size);
    const Ref<Map> a = Inner(1);
    std::vector<uint8_t> key(key_size, 0x11);
    const auto lookup = [&] {
      return outer->direct_lookup()(reinterpret_cast<uint64_t>(outer.get()),
                                    reinterpret_cast<uint64_t>(key.data()), 0,
                                    0, 0);
    };
    EXPECT_EQ(lookup(), 0u);
    ASSERT_EQ(Of(outer).Set(In(key), a, kAny), Status::kOk);
    EXPECT_EQ(lookup(), reinterpret_cast<uint64_t>(a.get()));
  }
}

TEST_F(HashOfMapsMapTest, AnswersAsLinuxs) {
  const Ref<Map> outer = MakeOuter(2);
  const Ref<Map> a = Inner(1);
  const Ref<Map> b = Inner(2);
  MapIds().Add(*a);
  const auto set = [&](uint32_t key, const Ref<Map>& map, uint64_t mode) {
    return Of(outer).Set(In(key), map, UpdateMode(mode));
  };
  EXPECT_EQ(set(0, Make(Spec(MapType::kHash, 4, 8, 1)), 0), Status::kInvalid);
  EXPECT_EQ(set(0, outer, 0), Status::kInvalid) << "itself";
  EXPECT_EQ(Of(outer).Clear(In(uint32_t{0})), Status::kNotFound);
  EXPECT_EQ(set(0, a, 2), Status::kNotFound);
  EXPECT_EQ(set(0, b, 1), Status::kOk);
  EXPECT_EQ(set(0, a, 1), Status::kExists);
  EXPECT_EQ(set(0, a, 2), Status::kOk);
  for (const uint64_t mode : {3ull, 4ull, 5ull, 8ull}) {
    EXPECT_EQ(set(1, b, mode), Status::kInvalid) << mode;
  }
  EXPECT_EQ(set(1, b, 0), Status::kOk);
  EXPECT_EQ(set(2, b, 0), Status::kTooBig);
  EXPECT_EQ(set(1, a, 0), Status::kOk);
  uint32_t value = 0;
  EXPECT_EQ(outer->CopyValueOut(In(uint32_t{0}), Out(value)), Status::kOk);
  EXPECT_EQ(value, a->id());
  EXPECT_NE(value, 0u);
  EXPECT_EQ(outer->TakeOut(In(uint32_t{0}), Out(value)),
            Status::kNotSupportedLinux);
  EXPECT_EQ(outer->Update(In(uint32_t{0}), In(value), kAny),
            Status::kNotSupportedLinux)
      << "programs change nothing";
  EXPECT_EQ(b->ref_count(), 1u);
  EXPECT_EQ(a->ref_count(), 3u);
}

TEST_F(HashOfMapsMapTest, BatchesGiveIdsAndMayTakeTheMapsOut) {
  const Ref<Map> outer = MakeOuter(8);
  const Ref<Map> a = Inner(1);
  MapIds().Add(*a);
  for (uint32_t key = 0; key < 5; ++key) {
    ASSERT_EQ(Of(outer).Set(In(key), a, kAny), Status::kOk);
  }
  for (const bool take : {false, true}) {
    uint32_t keys[8];
    uint32_t values[8];
    MapBatch batch = {Out(keys), Out(values), 8, 0};
    uint32_t cursor = 0;
    EXPECT_EQ(outer->CopyBatch(cursor, batch, take), Status::kNotFound);
    EXPECT_EQ(batch.count, 5u);
    for (uint32_t i = 0; i < batch.count; ++i) {
      EXPECT_EQ(values[i], a->id());
      EXPECT_EQ(Found(outer, keys[i]) == nullptr, take);
    }
    EXPECT_EQ(a->ref_count(), take ? 1u : 6u);
  }
}

TEST_F(HashOfMapsMapTest, GivesAllMapsBackWhenItDies) {
  const Ref<Map> inner = Inner(1);
  {
    const Ref<Map> outer = MakeOuter(100);
    for (uint32_t key = 0; key < 100; ++key) {
      ASSERT_EQ(Of(outer).Set(In(key), inner, kAny), Status::kOk);
    }
    EXPECT_EQ(inner->ref_count(), 101u);
  }
  EXPECT_EQ(inner->ref_count(), 1u);
}

TEST_F(HashOfMapsMapTest, EqualsAModel) {
  constexpr uint32_t kMaps = 6;
  constexpr uint32_t kEntries = 20;
  const Ref<Map> outer = MakeOuter(kEntries);
  std::vector<Ref<Map>> maps;
  for (uint32_t i = 0; i < kMaps; ++i) {
    maps.push_back(Inner(i));
  }
  std::map<uint32_t, uint32_t> model;
  std::mt19937 random(1);
  for (uint64_t i = 0, count = ModelOperations(); i < count; ++i) {
    const uint32_t key = random() % 30;
    const bool exists = model.count(key) != 0;
    switch (random() % 4) {
      case 0: {
        ASSERT_EQ(Of(outer).Clear(In(key)),
                  exists ? Status::kOk : Status::kNotFound);
        model.erase(key);
        break;
      }
      case 1:
        ASSERT_EQ(Found(outer, key), exists ? maps[model[key]].get() : nullptr);
        break;
      default: {
        const uint32_t map = random() % kMaps;
        const uint64_t mode = random() % 3;
        Status wanted = Status::kOk;
        if (exists && mode == 1) {
          wanted = Status::kExists;
        } else if (!exists && mode == 2) {
          wanted = Status::kNotFound;
        } else if (!exists && model.size() == kEntries) {
          wanted = Status::kTooBig;
        }
        ASSERT_EQ(Of(outer).Set(In(key), maps[map], UpdateMode(mode)), wanted);
        if (IsOk(wanted)) {
          model[key] = map;
        }
      }
    }
  }
  std::vector<uint32_t> references(kMaps, 1);
  for (const auto& [key, map] : model) {
    ++references[map];
  }
  for (uint32_t map = 0; map < kMaps; ++map) {
    EXPECT_EQ(maps[map]->ref_count(), references[map]);
  }
}

TEST_F(HashOfMapsMapTest, MapsLiveWhileSomebodyReads) {
  // Elements are few: each is reused at once, while readers stand at it.
  const Ref<Map> outer = MakeOuter(2);
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (uint32_t reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&, reader] {
      const HostCpu cpu(reader + 1);
      while (!done) {
        const ReadSection reading;
        Map* map = Found(outer, reader);
        if (map != nullptr) {
          ASSERT_EQ(ValueAs<uint64_t>(map->Lookup(In(uint32_t{0}))), 7u);
        }
      }
    });
  }
  std::mt19937 random(4);
  for (int i = 0; i < 3000; ++i) {
    const uint32_t key = random() % 3;
    if (random() % 2 == 0) {
      (void)Of(outer).Set(In(key), Inner(7), kAny);
    } else {
      (void)Of(outer).Clear(In(key));
    }
  }
  done = true;
  for (std::thread& reader : readers) {
    reader.join();
  }
}

TEST_F(HashOfMapsMapTest, EachFailedAllocationLeavesNothingBehind) {
  const Ref<Map> inner = Inner(0);
  MapSpec spec = Spec(MapType::kHashOfMaps, 4, 4, 100);
  spec.inner = inner.get();
  ForEachFailingAllocation("hash of maps", [&](FailingAllocator& allocator) {
    EXPECT_EQ(CreateMap(spec, allocator).status(),
              allocator.failed() ? Status::kNoMemory : Status::kOk);
  });
}

}  // namespace
}  // namespace ebpf
