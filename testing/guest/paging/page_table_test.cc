// SPDX-License-Identifier: MIT
//
// Tests of the page-table walker on the host, with Sv39's entries.
#include "testing/guest/paging/page_table.h"

#include "gtest/gtest.h"
#include "testing/guest/riscv64/sv39.h"

namespace guest::machine {
namespace {

constexpr size_t kMegaPage = size_t{2} << 20;

alignas(4096) uint64_t pages[8][512];
alignas(4096) uint64_t root[512];

class PageTableTest : public testing::Test {
 protected:
  PageTableTest() {
    for (uint64_t& entry : root) {
      entry = 0;
    }
  }

  TablePool pool_{pages, 8};
  PageTable<Sv39> table_{root, &pool_};
  Mapping mapping_ = {};
};

TEST_F(PageTableTest, FindsNothingInAnEmptyTable) {
  EXPECT_FALSE(table_.Query(0x80200000, &mapping_));
}

TEST_F(PageTableTest, TellsWhereAByteOfAPageIs) {
  ASSERT_TRUE(table_.Map(0x80200000, 0x5000, 8192, kWrite, kPageSize));

  ASSERT_TRUE(table_.Query(0x80201234, &mapping_));
  EXPECT_EQ(mapping_.phys, 0x6234u);
  EXPECT_EQ(mapping_.leaf, kPageSize);
  EXPECT_EQ(mapping_.protection, uint32_t{kWrite});
  EXPECT_FALSE(table_.Query(0x80202000, &mapping_));
}

TEST_F(PageTableTest, KeepsLargeLeavesWhole) {
  ASSERT_TRUE(
      table_.Map(0x80200000, 0x80200000, kMegaPage, kExecute, kMegaPage));

  ASSERT_TRUE(table_.Query(0x803fffff, &mapping_));
  EXPECT_EQ(mapping_.leaf, kMegaPage);
  EXPECT_EQ(mapping_.phys, 0x803fffffu);
  EXPECT_EQ(mapping_.protection, uint32_t{kExecute});
}

TEST_F(PageTableTest, SplitsALargeLeafAroundASmallOne) {
  ASSERT_TRUE(
      table_.Map(0x80200000, 0x80200000, kMegaPage, kExecute, kMegaPage));

  ASSERT_TRUE(table_.Map(0x80203000, 0x9000, 4096, kReadOnly, kPageSize));

  ASSERT_TRUE(table_.Query(0x80203000, &mapping_));
  EXPECT_EQ(mapping_.phys, 0x9000u);
  ASSERT_TRUE(table_.Query(0x80204567, &mapping_));
  EXPECT_EQ(mapping_.phys, 0x80204567u);
  EXPECT_EQ(mapping_.protection, uint32_t{kExecute});
}

TEST_F(PageTableTest, GivesTablesBackThatALargeLeafReplaces) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(table_.Map(0x80200000, 0x1000, 4096, kWrite, kPageSize));
    ASSERT_TRUE(
        table_.Map(0x80200000, 0x80200000, kMegaPage, kWrite, kMegaPage));
  }

  ASSERT_TRUE(table_.Query(0x80200000, &mapping_));
  EXPECT_EQ(mapping_.leaf, kMegaPage);
}

TEST_F(PageTableTest, UnmapsPartOfALargeLeaf) {
  ASSERT_TRUE(table_.Map(0x80200000, 0x80200000, kMegaPage, kWrite, kMegaPage));

  table_.Unmap(0x80201000, 4096);

  EXPECT_FALSE(table_.Query(0x80201fff, &mapping_));
  EXPECT_TRUE(table_.Query(0x80200fff, &mapping_));
  EXPECT_TRUE(table_.Query(0x80202000, &mapping_));
}

TEST_F(PageTableTest, UnmapsAcrossWhatIsNotMapped) {
  ASSERT_TRUE(table_.Map(0x80200000, 0x1000, 4096, kWrite, kPageSize));

  table_.Unmap(0x40000000, 0x80000000);

  EXPECT_FALSE(table_.Query(0x80200000, &mapping_));
}

TEST_F(PageTableTest, RefusesWhatDoesNotFitTheLeaf) {
  EXPECT_FALSE(table_.Map(0x80201000, 0, kMegaPage, kWrite, kMegaPage));
  EXPECT_FALSE(table_.Map(0x80200000, 8, kPageSize, kWrite, kPageSize));
  EXPECT_FALSE(table_.Map(0x80200000, 0, 3 * 4096, kWrite, 3 * 4096));
}

TEST_F(PageTableTest, SaysWhenThereAreNoMoreTables) {
  size_t made = 0;
  while (table_.Map(made << 30, 0, 4096, kWrite, kPageSize)) {
    ASSERT_LT(++made, 100u);
  }

  EXPECT_EQ(made, 4u);  // two tables each
}

}  // namespace
}  // namespace guest::machine
