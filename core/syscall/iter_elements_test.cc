// SPDX-License-Identifier: MIT
//
// Iterators over the elements of one map.
#include <map>
#include <utility>
#include <vector>

#include "testing/caller/iterator_programs.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

constexpr uint32_t kElementMaps[] = {linux_abi::kMapTypeHash,
                                     linux_abi::kMapTypeArray,
                                     5 /* per-CPU hash */,
                                     6 /* per-CPU array */,
                                     9 /* LRU */,
                                     10 /* LRU per CPU */};

bool IsPerCpu(uint32_t type) { return type == 5 || type == 6 || type == 10; }

using IterElementsTest = IteratorTest;

INSTANTIATE_TEST_SUITE_P(, IterElementsTest,
                         testing::Values(Origin::kUser, Origin::kKernel),
                         OriginName);

TEST_P(IterElementsTest, ElementsOfAMapAreShownInPlaceOrPerCpu) {
  for (const uint32_t type : kElementMaps) {
    const int64_t map = caller_.CreateMap(type, 4, 4, 8);
    ASSERT_GE(map, 0);
    const std::vector<uint64_t> values(kMaxHostCpus, 50);
    for (uint32_t key = 0; key < 8; ++key) {
      ASSERT_EQ(caller_.Elem(linux_abi::kMapUpdateElem, map, caller_.Put(key),
                             caller_.Put(values.data(), 8 * values.size())),
                0);
    }
    for (uint32_t round = 0; round < 2; ++round) {
      const std::vector<uint32_t> words =
          Words(OpenFor("bpf_iter_bpf_map_elem", WriteElements(), map));
      std::map<uint32_t, uint32_t> found;
      ASSERT_EQ(words.size(), 16u) << type;
      for (size_t i = 0; i < words.size(); i += 2) {
        found[words[i]] = words[i + 1];
      }
      ASSERT_EQ(found.size(), 8u) << type;
      for (const auto& [key, value] : found) {
        EXPECT_LT(key, 8u);
        EXPECT_EQ(value, IsPerCpu(type) ? 50 : 50 + round) << type;
      }
    }
    caller_.CloseFd(map);
  }
}

TEST_P(IterElementsTest, AMapLivesAsLongAsAFileOfItsElements) {
  const int64_t map = NewMap();
  const uint32_t id = IdOf(map);
  const int64_t file = OpenFor("bpf_iter_bpf_map_elem", WriteElements(), map);
  EXPECT_EQ(caller_.CloseFd(map), 0);
  EXPECT_TRUE(MapIds().Find(id).ok());
  EXPECT_EQ(Words(file).size(), 8u);
  EXPECT_EQ(caller_.CloseFd(file), 0);
  EXPECT_EQ(MapIds().Find(id).status(), Status::kNotFound);
}

TEST_P(IterElementsTest, ValuesWithLocksAndThoseOnlyToReadAreCopies) {
  const int64_t map = caller_.CreateMap(linux_abi::kMapTypeArray, 4, 4, 2,
                                        linux_abi::kMapReadOnlyProg);
  ASSERT_GE(map, 0);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Words(OpenFor("bpf_iter_bpf_map_elem", WriteElements(), map)),
              (std::vector<uint32_t>{0, 0, 1, 0}));
  }
}

TEST_P(IterElementsTest, AProgramMayNotLookBehindKeysAndValues) {
  const int64_t program = LoadFor("bpf_iter_bpf_map_elem", WriteElements());
  const int64_t fitting = caller_.CreateMap(linux_abi::kMapTypeHash, 4, 4, 1);
  for (const auto& [key, value] :
       {std::pair<uint32_t, uint32_t>{3, 4}, {4, 3}, {1, 1}}) {
    const int64_t map =
        caller_.CreateMap(linux_abi::kMapTypeHash, key, value, 1);
    EXPECT_EQ(Link(program, map), Minus(Status::kAccess));
    // Nor may one that comes later.
    const int64_t harmless =
        LoadFor("bpf_iter_bpf_map_elem", Begin() + Returning(0));
    const int64_t link = Link(harmless, map);
    ASSERT_GE(link, 0);
    linux_abi::LinkUpdateAttr update{};
    update.link_fd = static_cast<uint32_t>(link);
    update.new_prog_fd = static_cast<uint32_t>(program);
    EXPECT_EQ(caller_.Call(linux_abi::kLinkUpdate, update),
              Minus(Status::kAccess));
  }
  EXPECT_GE(Link(program, fitting), 0);
}

}  // namespace
}  // namespace ebpf
