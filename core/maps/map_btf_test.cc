// SPDX-License-Identifier: MIT
#include "core/maps/map_btf.h"

#include "core/btf/test_builder.h"
#include "core/maps/map.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

Result<Ref<btf::BtfObject>> Types(Allocator& allocator) {
  btf::Builder b;
  b.Add(btf::Kind::kInt, b.Name("int"), 4, {32});
  const std::vector<uint8_t> blob = b.Blob();
  return btf::BtfObject::Create(ConstBytes(blob.data(), blob.size()),
                                allocator);
}

TEST(MapBtfTest, AMapKeepsItsTypes) {
  const uint64_t before = PortAllocatedBytes();
  {
    MapSpec spec;
    spec.type = MapType::kArray;
    spec.key_size = 4;
    spec.value_size = 4;
    spec.max_entries = 1;
    Ref<Map> map = *CreateMap(spec, PortAllocator());
    EXPECT_EQ(map->types(), nullptr);
    EXPECT_TRUE(map->fields().empty());
    Span<MapField> fields = *PortAllocator().NewArray<MapField>(1);
    fields[0].offset = 3;

    map->SetTypes(*MapBtf::Create(*Types(PortAllocator()), 1, 1, fields,
                                  PortAllocator()));

    ASSERT_NE(map->types(), nullptr);
    EXPECT_EQ(map->types()->key(), 1u);
    EXPECT_EQ(map->types()->btf().type_count(), 2u);
    ASSERT_EQ(map->fields().size(), 1u);
    EXPECT_EQ(map->fields()[0].offset, 3u);
  }
  EXPECT_EQ(PortAllocatedBytes(), before);
}

}  // namespace
}  // namespace ebpf
