// SPDX-License-Identifier: MIT
//
// BPF_MAP_TYPE_ARRAY: Linux's edges, and a comparison with a vector.
#include "core/maps/array_map.h"

#include <random>
#include <thread>

#include "core/linux_abi/bpf.h"
#include "core/maps/map_test_util.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

constexpr UpdateMode kAny = UpdateMode::kAny;

MapSpec ArraySpec(uint32_t value_size, uint32_t max_entries,
                  uint32_t flags = 0) {
  return Spec(MapType::kArray, 4, value_size, max_entries, flags);
}

class ArrayMapTest : public MapTest {};

TEST_F(ArrayMapTest, IsZeroFromTheStart) {
  const Ref<Map> map = Make(ArraySpec(8, 3));
  for (uint32_t key = 0; key < 3; ++key) {
    EXPECT_EQ(ValueAs<uint64_t>(map->Lookup(In(key))), 0u);
  }
}

TEST_F(ArrayMapTest, TellsWhereItsValuesAre) {
  const Ref<Map> map = Make(Spec(MapType::kArray, 4, 12, 5));
  ArrayLayout layout;

  ASSERT_TRUE(map->GetLayout(layout));

  EXPECT_EQ(layout.blocks, nullptr);
  EXPECT_EQ(layout.entry_count, 5u);
  for (uint32_t key = 0; key < 5; ++key) {
    EXPECT_EQ(layout.base + key * layout.element_size,
              map->Lookup(In(key))->data());
  }
  EXPECT_EQ(map->direct_lookup(), nullptr);
}

TEST_F(ArrayMapTest, RefusesSizesAsLinuxDoes) {
  EXPECT_EQ(StatusOfMaking(ArraySpec(0, 1)), Status::kInvalid);
  EXPECT_EQ(StatusOfMaking(ArraySpec(8, 0)), Status::kInvalid);
  for (uint32_t key_size : {0u, 1u, 3u, 5u, 8u}) {
    EXPECT_EQ(StatusOfMaking(Spec(MapType::kArray, key_size, 8, 1)),
              Status::kInvalid);
  }
  EXPECT_EQ(StatusOfMaking(ArraySpec(0x80000000, 1)), Status::kTooBig);
}

TEST_F(ArrayMapTest, AnArrayThatFitsInNoMemoryIsRefusedCleanly) {
  const uint64_t before = PortAllocatedBytes();
  EXPECT_EQ(StatusOfMaking(ArraySpec(0x7fffffff, UINT32_MAX)),
            Status::kNoMemory);
  EXPECT_EQ(StatusOfMaking(
                ArraySpec(0x7fffffff, UINT32_MAX, linux_abi::kMapMmapable)),
            Status::kNoMemory);
  EXPECT_EQ(PortAllocatedBytes(), before);
}

TEST_F(ArrayMapTest, KnowsTheFlagsThatLinuxTakesForAnArray) {
  using namespace linux_abi;  // NOLINT: flags only
  for (uint32_t flag :
       {kMapNumaNode, kMapReadOnly, kMapWriteOnly, kMapReadOnlyProg,
        kMapWriteOnlyProg, kMapMmapable, kMapInnerMap}) {
    EXPECT_TRUE(Make(ArraySpec(8, 1, flag))) << flag;
  }
  for (uint32_t flag : {kMapNoPrealloc, kMapNoCommonLru, kMapStackBuildId,
                        kMapZeroSeed, kMapClone, kMapPreserveElems}) {
    EXPECT_EQ(StatusOfMaking(ArraySpec(8, 1, flag)), Status::kInvalid) << flag;
  }
  EXPECT_EQ(
      StatusOfMaking(ArraySpec(8, 1, kMapReadOnlyProg | kMapWriteOnlyProg)),
      Status::kInvalid);
}

TEST_F(ArrayMapTest, ChecksModeThenIndexThenPresence) {
  const Ref<Map> map = Make(ArraySpec(8, 2));
  const uint64_t value = 5;
  const auto update = [&](uint32_t key, uint64_t mode) {
    return map->Update(In(key), In(value), UpdateMode(mode));
  };
  EXPECT_EQ(update(9, 3), Status::kInvalid);
  EXPECT_EQ(update(9, 4), Status::kInvalid);
  EXPECT_EQ(update(9, 1), Status::kTooBig);
  EXPECT_EQ(update(2, 0), Status::kTooBig);
  EXPECT_EQ(update(1, 1), Status::kExists);
  EXPECT_EQ(update(1, 2), Status::kOk);
  EXPECT_EQ(ValueAs<uint64_t>(map->Lookup(In(uint32_t{1}))), 5u);
}

TEST_F(ArrayMapTest, LookupPastTheEndIsNotFoundAndDeleteIsInvalid) {
  const Ref<Map> map = Make(ArraySpec(8, 2));
  uint64_t value = 0;
  EXPECT_EQ(map->Lookup(In(uint32_t{2})).status(), Status::kNotFound);
  EXPECT_EQ(map->CopyValueOut(In(uint32_t{2}), Out(value)), Status::kNotFound);
  EXPECT_EQ(map->Delete(In(uint32_t{0})), Status::kInvalid);
  EXPECT_EQ(map->Delete(In(uint32_t{2})), Status::kInvalid);
  EXPECT_EQ(map->DeleteFromUser(In(uint32_t{0})), Status::kInvalid);
}

TEST_F(ArrayMapTest, NextKeyCountsAndStartsAnewAfterAnUnknownKey) {
  const Ref<Map> map = Make(ArraySpec(8, 3));
  uint32_t next = 99;
  ASSERT_EQ(map->NextKey(ConstBytes(), Out(next)), Status::kOk);
  EXPECT_EQ(next, 0u);
  ASSERT_EQ(map->NextKey(In(uint32_t{0}), Out(next)), Status::kOk);
  EXPECT_EQ(next, 1u);
  ASSERT_EQ(map->NextKey(In(uint32_t{3}), Out(next)), Status::kOk);
  EXPECT_EQ(next, 0u);
  ASSERT_EQ(map->NextKey(In(UINT32_MAX), Out(next)), Status::kOk);
  EXPECT_EQ(next, 0u);
  EXPECT_EQ(map->NextKey(In(uint32_t{2}), Out(next)), Status::kNotFound);
}

TEST_F(ArrayMapTest, ValuesStandEightAlignedWhateverTheirSize) {
  const Ref<Map> map = Make(ArraySpec(5, 4));
  for (uint32_t key = 0; key < 4; ++key) {
    const Result<Bytes> value = map->Lookup(In(key));
    ASSERT_TRUE(value.ok());
    EXPECT_EQ(value->size(), 5u);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(value->data()) % 8, 0u);
  }
}

TEST_F(ArrayMapTest, DirectValueIsForOneEntry) {
  const Ref<Map> one = Make(ArraySpec(24, 1));
  const Ref<Map> two = Make(ArraySpec(24, 2));
  const Result<Bytes> value = one->DirectValue();
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(value->size(), 24u);
  EXPECT_EQ(value->data(), one->Lookup(In(uint32_t{0}))->data());
  EXPECT_EQ(two->DirectValue().status(), Status::kNotSupportedLinux);
}

TEST_F(ArrayMapTest, AMmapableArrayIsWholePages) {
  const Ref<Map> map =
      Make(ArraySpec(100, 50, linux_abi::kMapMmapable));  // 5200 bytes
  const Result<MapPages> pages = map->Pages(0, 8192, true);
  ASSERT_TRUE(pages.ok());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(pages->address) % 4096, 0u);
  EXPECT_EQ(pages->size, 8192u);
  EXPECT_EQ(pages->mirrored_size, 0u);
  EXPECT_EQ(pages->address, map->Lookup(In(uint32_t{0}))->data());
  EXPECT_EQ(map->Pages(4096, 4096, false)->address, pages->address + 4096);
  for (const auto& [offset, size] :
       std::vector<std::pair<uint64_t, uint64_t>>{{0, 0},
                                                  {0, 12288},
                                                  {4096, 8192},
                                                  {1, 4096},
                                                  {0, 5000},
                                                  {8192, 4096},
                                                  {~uint64_t{4095}, 4096},
                                                  {4096, ~uint64_t{4095}}}) {
    EXPECT_EQ(map->Pages(offset, size, false).status(), Status::kInvalid);
  }
}

TEST_F(ArrayMapTest, OnlyAMmapableArrayIsInMemoryThatProcessesMap) {
  const uint64_t before = HostMappableBytes();
  const Ref<Map> plain = Make(ArraySpec(100, 50));
  EXPECT_EQ(HostMappableBytes(), before);
  Ref<Map> map = Make(ArraySpec(100, 50, linux_abi::kMapMmapable));
  EXPECT_EQ(HostMappableBytes(), before + 8192);
  map = Ref<Map>();
  EXPECT_EQ(HostMappableBytes(), before);
}

TEST_F(ArrayMapTest, OnlyMmapableArraysAreMappedAndConstantOnesNotForWriting) {
  using namespace linux_abi;  // NOLINT: flags only
  const Ref<Map> plain = Make(ArraySpec(4096, 1));
  const Ref<Map> constant =
      Make(ArraySpec(4096, 1, kMapMmapable | kMapReadOnlyProg));
  EXPECT_EQ(plain->Pages(0, 4096, false).status(), Status::kInvalid);
  EXPECT_EQ(constant->Pages(0, 4096, true).status(), Status::kAccess);
  const Result<MapPages> pages = constant->Pages(0, 4096, false);
  ASSERT_TRUE(pages.ok());
  EXPECT_TRUE(pages->sealed);
}

TEST_F(ArrayMapTest, EqualsAVector) {
  constexpr uint32_t kEntries = 37;
  constexpr uint32_t kValueSize = 13;
  const Ref<Map> map = Make(ArraySpec(kValueSize, kEntries));
  std::vector<std::vector<uint8_t>> model(kEntries,
                                          std::vector<uint8_t>(kValueSize));
  std::mt19937 random(1);
  std::vector<uint8_t> value(kValueSize);
  for (int i = 0; i < 1'000'000; ++i) {
    const uint32_t key = random() % (kEntries + 3);
    if (random() % 2 == 0) {
      for (uint8_t& byte : value) {
        byte = static_cast<uint8_t>(random());
      }
      const auto mode = static_cast<UpdateMode>(random() % 3);
      const Status wanted = key >= kEntries                ? Status::kTooBig
                            : mode == UpdateMode::kNoExist ? Status::kExists
                                                           : Status::kOk;
      ASSERT_EQ(map->UpdateFromUser(In(key), In(value), mode), wanted);
      if (IsOk(wanted)) {
        model[key] = value;
      }
    } else {
      const Status status = map->CopyValueOut(In(key), Out(value));
      ASSERT_EQ(status, key < kEntries ? Status::kOk : Status::kNotFound);
      if (key < kEntries) {
        ASSERT_EQ(value, model[key]);
      }
    }
  }
}

TEST_F(ArrayMapTest, ReadersOnOtherCpusSeeWholeWordsOnly) {
  const Ref<Map> map = Make(ArraySpec(16, 1));
  constexpr int kRounds = 200'000;
  std::thread writer([&] {
    const HostCpu cpu(1);
    for (uint64_t i = 0; i < kRounds; ++i) {
      const uint64_t value[2] = {i << 32 | i, ~(i << 32 | i)};
      EXPECT_EQ(map->Update(In(uint32_t{0}), In(value), kAny), Status::kOk);
    }
  });
  for (int i = 0; i < kRounds; ++i) {
    uint64_t value[2];
    ASSERT_EQ(map->CopyValueOut(In(uint32_t{0}), Out(value)), Status::kOk);
    ASSERT_EQ(value[0] >> 32, value[0] & 0xffffffff);
    if (value[1] != 0) {
      ASSERT_EQ(~value[1] >> 32, ~value[1] & 0xffffffff);
    }
  }
  writer.join();
}

TEST_F(ArrayMapTest, EachFailedAllocationLeavesNothingBehind) {
  for (uint32_t flags : {0u, uint32_t{linux_abi::kMapMmapable}}) {
    ForEachFailingAllocation("array map", [&](FailingAllocator& allocator) {
      const Result<Ref<Map>> map =
          CreateMap(ArraySpec(100, 100, flags), allocator);
      EXPECT_EQ(map.status(),
                allocator.failed() ? Status::kNoMemory : Status::kOk);
    });
  }
}

}  // namespace
}  // namespace ebpf
