// SPDX-License-Identifier: MIT
#include "core/maps/array_of_maps_map.h"

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include "core/linux_abi/bpf.h"
#include "core/maps/map_test_util.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

/// A map for the array, with `number` in its only value.
Ref<Map> Inner(uint64_t number) {
  const Ref<Map> map = Make(Spec(MapType::kArray, 4, 8, 1));
  EXPECT_EQ(map->Update(In(uint32_t{0}), In(number), UpdateMode::kAny),
            Status::kOk);
  return map;
}

class ArrayOfMapsMapTest : public MapTest {
 protected:
  static Ref<Map> MakeOuter(uint32_t entries) {
    const Ref<Map> inner = Inner(0);
    MapSpec spec = Spec(MapType::kArrayOfMaps, 4, 4, entries);
    spec.inner = inner.get();
    return Make(spec);
  }
  static ArrayOfMapsMap& Of(const Ref<Map>& map) {
    return ArrayOfMapsMap::From(*map);
  }
  /// What a program finds at `index`, or null.
  static Map* Found(const Ref<Map>& outer, uint32_t index) {
    const Result<Bytes> found = outer->Lookup(In(index));
    return found.ok() ? reinterpret_cast<Map*>(found->data()) : nullptr;
  }
  static uint64_t NumberIn(Map& map) {
    return ValueAs<uint64_t>(map.Lookup(In(uint32_t{0})));
  }
};

TEST_F(ArrayOfMapsMapTest, ProgramsFindTheMapItself) {
  const Ref<Map> outer = MakeOuter(2);
  const Ref<Map> a = Inner(1);
  const Ref<Map> b = Inner(2);
  EXPECT_EQ(Found(outer, 0), nullptr);
  EXPECT_EQ(Of(outer).Set(0, a), Status::kOk);
  EXPECT_EQ(Of(outer).Set(1, b), Status::kOk);
  EXPECT_EQ(Found(outer, 0), a.get());
  EXPECT_EQ(Found(outer, 1), b.get());
  EXPECT_EQ(Found(outer, 2), nullptr);
  EXPECT_EQ(Found(outer, UINT32_MAX), nullptr);
}

TEST_F(ArrayOfMapsMapTest, CompiledLookupsReadTheEntries) {
  const Ref<Map> outer = MakeOuter(3);
  const Ref<Map> a = Inner(1);
  ASSERT_EQ(Of(outer).Set(2, a), Status::kOk);
  ArrayLayout layout;
  ASSERT_TRUE(outer->GetLayout(layout));
  EXPECT_TRUE(layout.holds_results);
  EXPECT_EQ(layout.entry_count, 3u);
  Map* entry;
  memcpy(&entry, layout.base + 2 * layout.element_size, sizeof(entry));
  EXPECT_EQ(entry, a.get());
  memcpy(&entry, layout.base, sizeof(entry));
  EXPECT_EQ(entry, nullptr);
}

TEST_F(ArrayOfMapsMapTest, AnswersAsLinuxs) {
  const Ref<Map> outer = MakeOuter(2);
  const Ref<Map> inner = Inner(1);
  uint32_t value = 0;
  EXPECT_EQ(Of(outer).Set(2, inner), Status::kTooBig);
  EXPECT_EQ(Of(outer).Set(0, Make(Spec(MapType::kHash, 4, 8, 1))),
            Status::kInvalid);
  EXPECT_EQ(Of(outer).Set(0, outer), Status::kInvalid) << "itself";
  EXPECT_EQ(Of(outer).Clear(0), Status::kNotFound);
  EXPECT_EQ(Of(outer).Clear(9), Status::kTooBig);
  EXPECT_EQ(outer->CopyValueOut(In(uint32_t{0}), Out(value)),
            Status::kNotFound);
  MapIds().Add(*inner);
  EXPECT_EQ(Of(outer).Set(0, inner), Status::kOk);
  EXPECT_EQ(outer->CopyValueOut(In(uint32_t{0}), Out(value)), Status::kOk);
  EXPECT_EQ(value, inner->id());
  EXPECT_NE(value, 0u);
  EXPECT_EQ(outer->TakeOut(In(uint32_t{0}), Out(value)),
            Status::kNotSupportedLinux);
  EXPECT_EQ(outer->Update(In(uint32_t{0}), In(value), UpdateMode::kAny),
            Status::kNotSupportedLinux)
      << "programs change nothing";
  EXPECT_EQ(outer->NextKey(ConstBytes(), Out(value)), Status::kOk);
  EXPECT_EQ(value, 0u);
  EXPECT_EQ(Of(outer).Clear(0), Status::kOk);
  EXPECT_EQ(Found(outer, 0), nullptr);
}

TEST_F(ArrayOfMapsMapTest, HoldsAReferenceOfEachMap) {
  const Ref<Map> inner = Inner(1);
  {
    const Ref<Map> outer = MakeOuter(3);
    EXPECT_EQ(Of(outer).Set(0, inner), Status::kOk);
    EXPECT_EQ(Of(outer).Set(1, inner), Status::kOk);
    EXPECT_EQ(inner->ref_count(), 3u);
    EXPECT_EQ(Of(outer).Set(1, Inner(2)), Status::kOk);
    EXPECT_EQ(inner->ref_count(), 2u);
  }
  EXPECT_EQ(inner->ref_count(), 1u);
}

TEST_F(ArrayOfMapsMapTest, AModelsReferencesAreThoseOfTheArray) {
  constexpr uint32_t kMaps = 8;
  constexpr uint32_t kEntries = 5;
  const Ref<Map> outer = MakeOuter(kEntries);
  std::vector<Ref<Map>> maps;
  for (uint32_t i = 0; i < kMaps; ++i) {
    maps.push_back(Inner(i));
  }
  int model[kEntries];
  std::fill_n(model, kEntries, -1);
  std::mt19937 random(1);
  for (uint64_t i = 0, count = ModelOperations(); i < count; ++i) {
    const uint32_t index = random() % (kEntries + 1);
    const bool there = index < kEntries;
    const uint32_t map = random() % kMaps;
    switch (random() % 3) {
      case 0:
        ASSERT_EQ(Of(outer).Set(index, maps[map]),
                  there ? Status::kOk : Status::kTooBig);
        if (there) {
          model[index] = static_cast<int>(map);
        }
        break;
      case 1:
        ASSERT_EQ(Of(outer).Clear(index), !there             ? Status::kTooBig
                                          : model[index] < 0 ? Status::kNotFound
                                                             : Status::kOk);
        if (there) {
          model[index] = -1;
        }
        break;
      default:
        ASSERT_EQ(Found(outer, index),
                  there && model[index] >= 0
                      ? maps[static_cast<size_t>(model[index])].get()
                      : nullptr);
    }
  }
  for (uint32_t map = 0; map < kMaps; ++map) {
    EXPECT_EQ(maps[map]->ref_count(),
              1 + std::count(model, model + kEntries, static_cast<int>(map)));
  }
}

TEST_F(ArrayOfMapsMapTest, MapsLiveWhileSomebodyReads) {
  const Ref<Map> outer = MakeOuter(2);
  ASSERT_EQ(Of(outer).Set(0, Inner(7)), Status::kOk);
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (uint32_t reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&, reader] {
      const HostCpu cpu(reader + 1);
      while (!done) {
        const ReadSection reading;
        Map* map = Found(outer, 0);
        if (map != nullptr) {
          ASSERT_EQ(NumberIn(*map), 7u);
        }
      }
    });
  }
  const uint64_t before = PortAllocatedBytes();
  for (int i = 0; i < 2000; ++i) {
    ASSERT_EQ(Of(outer).Set(0, Inner(7)), Status::kOk);
    if (i % 3 == 0) {
      ASSERT_EQ(Of(outer).Clear(0), Status::kOk);
    }
  }
  ASSERT_EQ(Of(outer).Set(0, Inner(7)), Status::kOk);
  EXPECT_EQ(PortAllocatedBytes(), before);
  done = true;
  for (std::thread& reader : readers) {
    reader.join();
  }
}

TEST_F(ArrayOfMapsMapTest, EachFailedAllocationLeavesNothingBehind) {
  const Ref<Map> inner = Inner(0);
  MapSpec spec = Spec(MapType::kArrayOfMaps, 4, 4, 100);
  spec.inner = inner.get();
  ForEachFailingAllocation("array of maps", [&](FailingAllocator& allocator) {
    EXPECT_EQ(CreateMap(spec, allocator).status(),
              allocator.failed() ? Status::kNoMemory : Status::kOk);
  });
}

}  // namespace
}  // namespace ebpf
