// SPDX-License-Identifier: MIT
//
// BPF_MAP_TYPE_BLOOM_FILTER: Linux 6.18's answers, and how often it is wrong.
#include "core/maps/bloom_filter_map.h"

#include <random>
#include <set>

#include "core/linux_abi/bpf.h"
#include "core/maps/map_test_util.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_signal_traps.h"

namespace ebpf {
namespace {

class BloomFilterMapTest : public MapTest {};

MapSpec Filter(uint32_t value_size, uint32_t max_entries, uint64_t hashes = 0,
               uint32_t flags = 0) {
  MapSpec spec = Spec(MapType::kBloomFilter, 0, value_size, max_entries, flags);
  spec.extra = hashes;
  return spec;
}

Status Put(Map& map, uint64_t value) { return map.Push(In(value), 0); }
Status Ask(Map& map, uint64_t value) { return map.Peek(Out(value)); }

TEST_F(BloomFilterMapTest, TakesTheSizesAndFlagsThatLinuxTakes) {
  using namespace linux_abi;  // NOLINT: flags only
  constexpr uint32_t kTaken = kMapNumaNode | kMapReadOnly | kMapWriteOnly |
                              kMapZeroSeed | kMapReadOnlyProg |
                              kMapWriteOnlyProg;
  EXPECT_EQ(StatusOfMaking(Spec(MapType::kBloomFilter, 4, 8, 4)),
            Status::kInvalid);
  EXPECT_EQ(StatusOfMaking(Filter(0, 4)), Status::kInvalid);
  EXPECT_EQ(StatusOfMaking(Filter(8, 0)), Status::kInvalid);
  EXPECT_EQ(StatusOfMaking(Filter(1u << 22, 1)), Status::kOk);
  EXPECT_EQ(StatusOfMaking(Filter((1u << 22) + 1, 1)), Status::kTooBig);
  for (const uint64_t hashes : {0, 1, 5, 15}) {
    EXPECT_EQ(StatusOfMaking(Filter(8, 4, hashes)), Status::kOk);
  }
  for (const uint64_t hashes : {16ull, 31ull, 1ull << 32}) {
    EXPECT_EQ(StatusOfMaking(Filter(8, 4, hashes)), Status::kInvalid);
  }
  for (uint32_t bit = 0; bit < 32; ++bit) {
    EXPECT_EQ(StatusOfMaking(Filter(8, 4, 0, 1u << bit)),
              (kTaken >> bit & 1) != 0 ? Status::kOk : Status::kInvalid)
        << bit;
  }
  EXPECT_EQ(StatusOfMaking(Filter(8, 4, 0, kMapReadOnly | kMapWriteOnly)),
            Status::kInvalid);
}

/// Gives what is small, and notes how much else is asked for.
class AskedFor final : public Allocator {
 public:
  void* Allocate(size_t size, size_t align) override {
    if (size == sizeof(BloomFilterMap)) {
      return PortAllocator().Allocate(size, align);
    }
    bytes = size;
    return nullptr;
  }
  void Free(void* memory, size_t size, size_t align) override {
    PortAllocator().Free(memory, size, align);
  }

  size_t bytes = 0;
};

TEST_F(BloomFilterMapTest, AsMuchMemoryAsLinuxTakes) {
  const auto bytes = [](uint32_t entries, uint64_t hashes) {
    AskedFor allocator;
    EXPECT_EQ(CreateMap(Filter(8, entries, hashes), allocator).status(),
              Status::kNoMemory);
    return allocator.bytes;
  };
  EXPECT_EQ(bytes(1, 1), 8u);
  EXPECT_EQ(bytes(1000, 5), 8192u / 8);           // 7000 bits
  EXPECT_EQ(bytes(1000, 15), 32768u / 8);         // 21000 bits
  EXPECT_EQ(bytes(1u << 28, 1), (1u << 29) / 8);  // 375 million bits
  EXPECT_EQ(bytes(UINT32_MAX, 15), (uint64_t{1} << 32) / 8) << "no more";
}

TEST_F(BloomFilterMapTest, WhatWasPutIsAlwaysFoundAndNothingInAnEmptyOne) {
  const Ref<Map> map = Make(Filter(8, 100));
  for (uint64_t value = 0; value < 1000; ++value) {
    EXPECT_EQ(Ask(*map, value), Status::kNotFound);
  }
  for (uint64_t value = 0; value < 300; ++value) {  // more than max_entries
    EXPECT_EQ(Put(*map, value), Status::kOk);
    EXPECT_EQ(Put(*map, value), Status::kOk) << "again";
  }
  for (uint64_t value = 0; value < 300; ++value) {
    EXPECT_EQ(Ask(*map, value), Status::kOk);
  }
}

TEST_F(BloomFilterMapTest, FlagsAreInvalid) {
  const Ref<Map> map = Make(Filter(8, 100));
  for (const uint64_t flags : {1ull, 2ull, 3ull, 4ull, 8ull, 1ull << 32}) {
    EXPECT_EQ(map->Push(In(uint64_t{1}), flags), Status::kInvalid) << flags;
    EXPECT_EQ(
        map->UpdateFromUser(ConstBytes(), In(uint64_t{1}), UpdateMode(flags)),
        Status::kInvalid)
        << flags;
  }
  EXPECT_EQ(Ask(*map, 1), Status::kNotFound);
}

TEST_F(BloomFilterMapTest, NothingIsTakenOut) {
  const Ref<Map> map = Make(Filter(8, 100));
  uint64_t value = 3;
  EXPECT_EQ(map->Pop(Out(value)), Status::kNotSupportedLinux);
  EXPECT_EQ(map->TakeOut(ConstBytes(), Out(value)), Status::kNotSupportedLinux);
  EXPECT_EQ(map->DeleteFromUser(ConstBytes()), Status::kNotSupported);
  EXPECT_EQ(map->NextKey(ConstBytes(), Bytes()), Status::kNotSupported);
}

TEST_F(BloomFilterMapTest, TheSystemCallAsksWithAValueToo) {
  const Ref<Map> map = Make(Filter(8, 100));
  uint64_t value = 5;
  EXPECT_EQ(map->CopyValueOut(ConstBytes(), Out(value)), Status::kNotFound);
  EXPECT_EQ(map->UpdateFromUser(ConstBytes(), In(value), UpdateMode::kAny),
            Status::kOk);
  EXPECT_EQ(map->CopyValueOut(ConstBytes(), Out(value)), Status::kOk);
  EXPECT_EQ(value, 5u);
}

/// Of values that were not put in a full filter, how many of a million are
/// taken for one that was.
uint32_t WrongPerMillion(uint32_t value_size, uint64_t hashes, uint32_t flags) {
  constexpr uint32_t kEntries = 10'000;
  const Ref<Map> map = Make(Filter(value_size, kEntries, hashes, flags));
  std::vector<uint8_t> value(value_size);
  const auto set = [&](uint32_t number) {
    memcpy(value.data(), &number, sizeof(number));
  };
  for (uint32_t i = 0; i < kEntries; ++i) {
    set(i);
    EXPECT_EQ(map->Push(In(value), 0), Status::kOk);
  }
  uint32_t wrong = 0;
  for (uint32_t i = 0; i < 1'000'000; ++i) {
    set(kEntries + i);
    wrong += IsOk(map->Peek(Out(value))) ? 1 : 0;
  }
  return wrong;
}

TEST_F(BloomFilterMapTest, IsWrongAsSeldomAsItsBitsAllow) {
  // (1 - exp(-hashes * entries / bits)) ^ hashes, and a quarter more.
  const struct {
    uint64_t hashes;
    uint32_t most;
  } kCases[] = {{1, 458'000 * 5 / 4},
                {3, 58'800 * 5 / 4},
                {5, 20'600 * 5 / 4},
                {15, 27 * 2}};
  for (const auto& c : kCases) {
    for (const uint32_t value_size : {4u, 8u, 21u}) {
      for (const uint32_t flags : {0u, uint32_t{linux_abi::kMapZeroSeed}}) {
        EXPECT_LE(WrongPerMillion(value_size, c.hashes, flags), c.most)
            << c.hashes << " hashes, " << value_size << " bytes";
      }
    }
  }
}

TEST_F(BloomFilterMapTest, EqualsASetButForFewMistakes) {
  constexpr uint32_t kEntries = 2000;
  const Ref<Map> map = Make(Filter(8, kEntries, 7));
  std::set<uint64_t> model;
  std::mt19937 random(3);
  uint64_t wrong = 0;
  const uint64_t count = ModelOperations();
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t value = random() % 4000;
    if (random() % 100 == 0 && model.size() < kEntries) {
      ASSERT_EQ(Put(*map, value), Status::kOk);
      model.insert(value);
      continue;
    }
    const Status status = Ask(*map, value);
    if (model.count(value) != 0) {
      ASSERT_EQ(status, Status::kOk);
    } else {
      wrong += IsOk(status) ? 1 : 0;
    }
  }
  EXPECT_LE(wrong, count / 100);
}

TEST_F(BloomFilterMapTest, ThreadsLoseNoValue) {
  constexpr uint64_t kEach = 20'000;
  const Ref<Map> map = Make(Filter(8, 4 * kEach));
  RunOnCpus(4, [&](uint32_t thread) {
    for (uint64_t i = 0; i < kEach; ++i) {
      ASSERT_EQ(Put(*map, i * 4 + thread), Status::kOk);
      ASSERT_EQ(Ask(*map, i * 4 + thread), Status::kOk);
    }
  });
  for (uint64_t value = 0; value < 4 * kEach; ++value) {
    ASSERT_EQ(Ask(*map, value), Status::kOk);
  }
}

Map* g_map;
uint64_t g_trap_count;
uint64_t g_trap_wrong;

TEST_F(BloomFilterMapTest, ATrapAnywhereIsServed) {
  constexpr uint64_t kOfTraps = uint64_t{1} << 40;
  const Ref<Map> map = Make(Filter(8, 100'000));
  g_map = map.get();
  g_trap_count = g_trap_wrong = 0;
  {
    const SignalTraps traps([] {
      const uint64_t value = kOfTraps + g_trap_count++ % 10'000;
      g_trap_wrong += IsOk(Put(*g_map, value)) ? 0 : 1;
      g_trap_wrong += IsOk(Ask(*g_map, value)) ? 0 : 1;
    });
    for (uint64_t i = 0; i < 100'000'000 && g_trap_count < 1000; ++i) {
      ASSERT_EQ(Put(*map, i % 10'000), Status::kOk);
    }
  }
  EXPECT_GT(g_trap_count, 0u);
  EXPECT_EQ(g_trap_wrong, 0u);
  for (uint64_t i = 0; i < 10'000 && i < g_trap_count; ++i) {
    EXPECT_EQ(Ask(*map, kOfTraps + i), Status::kOk);
  }
}

TEST_F(BloomFilterMapTest, EachFailedAllocationLeavesNothingBehind) {
  ForEachFailingAllocation("bloom filter", [](FailingAllocator& allocator) {
    const Result<Ref<Map>> map = CreateMap(Filter(8, 1000), allocator);
    EXPECT_EQ(map.status(),
              allocator.failed() ? Status::kNoMemory : Status::kOk);
  });
}

}  // namespace
}  // namespace ebpf
