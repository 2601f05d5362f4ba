// SPDX-License-Identifier: MIT
#include "core/loader/map_definitions.h"

#include "core/loader/test_kernel.h"

namespace ebpf::loader {
namespace {

using MapDefinitionsTest = ClientObjectTest;

TEST_F(MapDefinitionsTest, AMapOfMapsSaysWhatThoseAreLike) {
  const MapDefinition& outer = Map("outer");

  EXPECT_EQ(outer.spec.type, MapType::kArrayOfMaps);
  EXPECT_EQ(outer.spec.value_size, 4u);
  ASSERT_TRUE(outer.has_inner);
  EXPECT_EQ(outer.inner.spec.type, MapType::kArray);
  EXPECT_EQ(outer.inner.spec.value_size, 8u);
  EXPECT_EQ(outer.inner.spec.max_entries, 1u);
  EXPECT_NE(outer.values_offset, 0u);
}

TEST_F(MapDefinitionsTest, AnArrayOfProgramsHasValuesToo) {
  const MapDefinition& programs = Map("programs");

  EXPECT_FALSE(programs.has_inner);
  EXPECT_NE(programs.values_offset, 0u);
  EXPECT_EQ(programs.spec.value_size, 4u);
}

TEST_F(MapDefinitionsTest, TypesOfKeyAndValueAreKept) {
  const MapDefinition& inner = Map("first_inner");

  EXPECT_EQ(file_.btf()->SizeOf(inner.key_type).ValueOr(0u), 4u);
  EXPECT_EQ(file_.btf()->SizeOf(inner.value_type).ValueOr(0u), 8u);
  EXPECT_EQ(Map("programs").value_type, 0u);  // only its size is known
}

TEST_F(MapDefinitionsTest, GlobalDataHasTheTypeOfItsSection) {
  const btf::Type type = *file_.btf()->TypeAt(Map(".data.order").value_type);

  EXPECT_EQ(type.kind, btf::Kind::kDataSection);
}

TEST_F(MapDefinitionsTest, ARingOfAnySizeIsOneOfWholePages) {
  EXPECT_EQ(Map("ring").spec.max_entries, 4096u);
}

}  // namespace
}  // namespace ebpf::loader
