// SPDX-License-Identifier: MIT
//
// Which maps a map of maps takes: what Linux 6.18 takes.
#include "core/maps/map_of_maps.h"

#include "core/linux_abi/bpf.h"
#include "core/maps/map_test_util.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

using namespace linux_abi;  // NOLINT: flags only

class MapOfMapsTest : public MapTest {};

constexpr MapType kBoth[] = {MapType::kArrayOfMaps, MapType::kHashOfMaps};

Status StatusOfOuter(MapSpec spec, const Map* inner) {
  spec.inner = inner;
  return CreateMap(spec, PortAllocator()).status();
}

TEST_F(MapOfMapsTest, ValuesAreDescriptors) {
  const Ref<Map> inner = Make(Spec(MapType::kArray, 4, 8, 1));
  for (const MapType type : kBoth) {
    for (const uint32_t size : {0u, 1u, 3u, 8u}) {
      EXPECT_EQ(StatusOfOuter(Spec(type, 4, size, 4), inner.get()),
                Status::kInvalid)
          << size;
    }
    EXPECT_EQ(StatusOfOuter(Spec(type, 4, 4, 4), inner.get()), Status::kOk);
    EXPECT_EQ(StatusOfOuter(Spec(type, 4, 4, 0), inner.get()),
              Status::kInvalid);
    EXPECT_EQ(StatusOfOuter(Spec(type, 0, 4, 4), inner.get()),
              Status::kInvalid);
    EXPECT_EQ(StatusOfOuter(Spec(type, 4, 4, 4), nullptr), Status::kInvalid);
  }
}

TEST_F(MapOfMapsTest, TakesTheFlagsAndKeysThatLinuxTakes) {
  const Ref<Map> inner = Make(Spec(MapType::kArray, 4, 8, 1));
  constexpr uint32_t kArray = kMapNumaNode | kMapReadOnly | kMapWriteOnly;
  constexpr uint32_t kHash = kArray | kMapNoPrealloc | kMapZeroSeed |
                             kMapReadOnlyProg | kMapWriteOnlyProg;
  for (uint32_t bit = 0; bit < 32; ++bit) {
    for (const MapType type : kBoth) {
      const uint32_t taken = type == MapType::kHashOfMaps ? kHash : kArray;
      EXPECT_EQ(StatusOfOuter(Spec(type, 4, 4, 4, 1u << bit), inner.get()),
                (taken >> bit & 1) != 0 ? Status::kOk : Status::kInvalid)
          << bit;
    }
  }
  for (const uint32_t size : {1u, 3u, 8u, 512u, (4u << 20) - 48 - 5}) {
    EXPECT_EQ(
        StatusOfOuter(Spec(MapType::kHashOfMaps, size, 4, 1), inner.get()),
        Status::kOk);
    EXPECT_EQ(
        StatusOfOuter(Spec(MapType::kArrayOfMaps, size, 4, 1), inner.get()),
        Status::kInvalid);
  }
  EXPECT_EQ(StatusOfOuter(Spec(MapType::kHashOfMaps, (4u << 20) - 48 - 4, 4, 1),
                          inner.get()),
            Status::kTooBig);
}

TEST_F(MapOfMapsTest, NeitherMapsOfMapsNorProgramArraysStandInOne) {
  const Ref<Map> inner = Make(Spec(MapType::kArray, 4, 8, 1));
  MapSpec spec = Spec(MapType::kHashOfMaps, 4, 4, 4);
  spec.inner = inner.get();
  const Ref<Map> outer = Make(spec);
  const Ref<Map> programs = Make(Spec(MapType::kProgArray, 4, 4, 4));
  const Ref<Map> queue = Make(Spec(MapType::kQueue, 0, 4, 4));
  const Ref<Map> ring = Make(Spec(MapType::kRingBuffer, 0, 0, 4096));
  for (const MapType type : kBoth) {
    EXPECT_EQ(StatusOfOuter(Spec(type, 4, 4, 4), outer.get()),
              Status::kInvalid);
    EXPECT_EQ(StatusOfOuter(Spec(type, 4, 4, 4), programs.get()),
              Status::kNotSupportedLinux);
    EXPECT_EQ(StatusOfOuter(Spec(type, 4, 4, 4), queue.get()), Status::kOk);
    EXPECT_EQ(StatusOfOuter(Spec(type, 4, 4, 4), ring.get()), Status::kOk);
  }
}

TEST_F(MapOfMapsTest, TheTemplateHoldsNothingOfTheMap) {
  const uint64_t before = PortAllocatedBytes();
  Ref<Map> outer;
  {
    const Ref<Map> inner = Make(Spec(MapType::kArray, 4, 8, 100'000));
    MapSpec spec = Spec(MapType::kArrayOfMaps, 4, 4, 4);
    spec.inner = inner.get();
    outer = Make(spec);
  }
  EXPECT_LT(PortAllocatedBytes(), before + 2000);
  ASSERT_NE(outer->inner(), nullptr);
  EXPECT_EQ(outer->inner()->spec().max_entries, 100'000u);
  EXPECT_EQ(outer->inner()->spec().type, MapType::kArray);
}

TEST_F(MapOfMapsTest, WhatMustBeAlikeIsWhatLinuxCompares) {
  using T = MapType;
  const struct {
    MapSpec like;
    MapSpec map;
    bool is_like;
  } kCases[] = {
      {Spec(T::kArray, 4, 8, 1), Spec(T::kArray, 4, 8, 1), true},
      {Spec(T::kArray, 4, 8, 1), Spec(T::kArray, 4, 8, 2), false},
      {Spec(T::kArray, 4, 8, 2), Spec(T::kArray, 4, 4, 2), false},
      {Spec(T::kArray, 4, 8, 2, kMapInnerMap),
       Spec(T::kArray, 4, 8, 3, kMapInnerMap), true},
      {Spec(T::kArray, 4, 8, 2, kMapInnerMap), Spec(T::kArray, 4, 8, 2), false},
      {Spec(T::kArray, 4, 8, 2), Spec(T::kArray, 4, 8, 2, kMapInnerMap), false},
      {Spec(T::kArray, 4, 8, 2), Spec(T::kArray, 4, 8, 2, kMapMmapable), false},
      {Spec(T::kArray, 4, 8, 2), Spec(T::kArray, 4, 8, 2, kMapReadOnlyProg),
       false},
      {Spec(T::kArray, 4, 8, 2), Spec(T::kArray, 4, 8, 2, kMapNumaNode), false},
      {Spec(T::kArray, 4, 8, 2), Spec(T::kArray, 4, 8, 2, kMapReadOnly), true},
      {Spec(T::kHash, 4, 8, 2), Spec(T::kHash, 4, 8, 3), true},
      {Spec(T::kHash, 4, 8, 2), Spec(T::kHash, 8, 8, 2), false},
      {Spec(T::kHash, 4, 8, 2), Spec(T::kHash, 4, 8, 2, kMapNoPrealloc), false},
      {Spec(T::kHash, 4, 8, 2), Spec(T::kHash, 4, 8, 2, kMapZeroSeed), false},
      {Spec(T::kHash, 4, 8, 2), Spec(T::kLruHash, 4, 8, 2), false},
      {Spec(T::kHash, 4, 8, 2), Spec(T::kArray, 4, 8, 2), false},
      {Spec(T::kPerCpuArray, 4, 8, 2), Spec(T::kPerCpuArray, 4, 8, 3), true},
      {Spec(T::kQueue, 0, 8, 2), Spec(T::kQueue, 0, 8, 3), true},
      {Spec(T::kRingBuffer, 0, 0, 4096), Spec(T::kRingBuffer, 0, 0, 8192),
       true},
  };
  for (const auto& c : kCases) {
    const Ref<Map> like = *MapTemplate::Of(Make(c.like).get(), PortAllocator());
    EXPECT_EQ(IsLike(*Make(c.map), *like), c.is_like)
        << static_cast<uint32_t>(c.map.type) << " flags " << c.like.flags << " "
        << c.map.flags << " entries " << c.like.max_entries << " "
        << c.map.max_entries;
  }
  MapSpec filter = Spec(T::kBloomFilter, 0, 8, 2);
  filter.extra = 3;
  const Ref<Map> like = Make(filter);
  filter.extra = 4;
  EXPECT_TRUE(IsLike(*Make(filter), *like)) << "as in Linux";
}

}  // namespace
}  // namespace ebpf
