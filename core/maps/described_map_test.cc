// SPDX-License-Identifier: MIT
#include "core/maps/described_map.h"

#include "core/linux_abi/bpf.h"
#include "core/maps/map_checks.h"
#include "core/memory/allocator.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

MapSpec Spec(MapType type, uint32_t key_size, uint32_t value_size,
             uint32_t max_entries, uint32_t flags = 0, uint64_t extra = 0) {
  MapSpec spec;
  spec.type = type;
  spec.key_size = key_size;
  spec.value_size = value_size;
  spec.max_entries = max_entries;
  spec.flags = flags;
  spec.extra = extra;
  return spec;
}

Status Create(const MapSpec& spec) {
  return DescribedMap::Create(spec, PortAllocator()).status();
}

/// One good description of each kind.
const MapSpec kGood[] = {
    Spec(MapType::kDevMap, 4, 8, 2),
    Spec(MapType::kSockMap, 4, 4, 2),
    Spec(MapType::kCpuMap, 4, 8, 2),
    Spec(MapType::kXskMap, 4, 4, 2),
    Spec(MapType::kSockHash, 16, 8, 2),
    Spec(MapType::kCgroupStorage, 16, 64, 0),
    Spec(MapType::kReuseportSockArray, 4, 8, 2),
    Spec(MapType::kPerCpuCgroupStorage, 8, 64, 0),
    Spec(MapType::kSkStorage, 4, 8, 0, linux_abi::kMapNoPrealloc),
    Spec(MapType::kDevMapHash, 4, 4, 2),
    Spec(MapType::kStructOps, 4, 100, 1),
    Spec(MapType::kInodeStorage, 4, 8, 0, linux_abi::kMapNoPrealloc),
    Spec(MapType::kTaskStorage, 4, 8, 0, linux_abi::kMapNoPrealloc),
    Spec(MapType::kCgroupLocalStorage, 4, 8, 0, linux_abi::kMapNoPrealloc),
    Spec(MapType::kArena, 0, 0, 100, linux_abi::kMapMmapable, 1ull << 44),
};

TEST(DescribedMapTest, EachKindCanBeDescribed) {
  size_t kinds = 0;
#define EBPF_MAP_TYPE(number, name, check) ++kinds;
#include "core/maps/described_map_types.def"
#undef EBPF_MAP_TYPE
  EXPECT_EQ(sizeof(kGood) / sizeof(kGood[0]), kinds);
  for (const MapSpec& spec : kGood) {
    EXPECT_EQ(Create(spec), Status::kOk) << static_cast<uint32_t>(spec.type);
  }
  EXPECT_EQ(PortAllocatedBytes(), 0u);
}

TEST(DescribedMapTest, NoKindTakesFlagsThatItDoesNotKnow) {
  for (MapSpec spec : kGood) {
    spec.flags |= 1u << 25;
    EXPECT_EQ(Create(spec), Status::kInvalid)
        << static_cast<uint32_t>(spec.type);
  }
}

TEST(DescribedMapTest, NoKindButAHashTakesAnyKeySize) {
  for (MapSpec spec : kGood) {
    spec.key_size = 3;
    const bool takes_it = spec.type == MapType::kSockHash;
    EXPECT_EQ(IsOk(Create(spec)), takes_it) << static_cast<uint32_t>(spec.type);
  }
}

TEST(DescribedMapTest, CountsAreGivenWhereThereAreAny) {
  for (MapSpec spec : kGood) {
    spec.max_entries = spec.max_entries == 0 ? 1 : 0;
    EXPECT_EQ(Create(spec), Status::kInvalid)
        << static_cast<uint32_t>(spec.type);
  }
}

TEST(DescribedMapTest, TheRulesOfTheKindsHold) {
  const struct {
    MapSpec spec;
    Status status;
  } kCases[] = {
      {Spec(MapType::kStackTrace, 4, 128 * 8, 2), Status::kInvalid},
      {Spec(MapType::kStackTrace, 4, 12, 2), Status::kInvalid},
      {Spec(MapType::kStackTrace, 4, 8, 2, linux_abi::kMapStackBuildId),
       Status::kInvalid},
      {Spec(MapType::kCgroupStorage, 16, 4097, 0), Status::kTooBig},
      {Spec(MapType::kTaskStorage, 4, 8, 0), Status::kInvalid},
      {Spec(MapType::kArena, 0, 0, 100), Status::kInvalid},
      {Spec(MapType::kArena, 0, 0, 100, linux_abi::kMapMmapable, 5),
       Status::kInvalid},
      {Spec(MapType::kArena, 0, 0, (1u << 20) + 1, linux_abi::kMapMmapable),
       Status::kTooBig},
      {Spec(MapType::kCgroupArray, 4, 4, 2, linux_abi::kMapReadOnlyProg),
       Status::kInvalid},
      {Spec(MapType::kSockHash, 513, 4, 2), Status::kTooBig},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Create(c.spec), c.status)
        << static_cast<uint32_t>(c.spec.type) << " " << c.spec.key_size << " "
        << c.spec.value_size;
  }
}

TEST(DescribedMapTest, KindsThatExistAreNotDescribed) {
  EXPECT_EQ(Create(Spec(MapType::kArray, 4, 8, 1)), Status::kInvalid);
  EXPECT_EQ(Create(Spec(static_cast<MapType>(1000), 4, 8, 1)),
            Status::kInvalid);
}

TEST(DescribedMapTest, NothingCanBeDoneWithIt) {
  Ref<Map> map = *DescribedMap::Create(
      Spec(MapType::kArena, 0, 0, 100, linux_abi::kMapMmapable),
      PortAllocator());
  uint8_t bytes[8] = {};
  EXPECT_EQ(map->Lookup(ConstBytes(bytes)).status(),
            Status::kNotSupportedLinux);
  EXPECT_EQ(map->Update(ConstBytes(bytes), ConstBytes(bytes), UpdateMode::kAny),
            Status::kNotSupportedLinux);
  EXPECT_EQ(map->DirectValue().status(), Status::kNotSupportedLinux);
}

}  // namespace
}  // namespace ebpf
