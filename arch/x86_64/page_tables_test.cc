// SPDX-License-Identifier: MIT
#include "arch/x86_64/page_tables.h"

#include <memory>

#include "gtest/gtest.h"

namespace ebpf::x86_64 {
namespace {

using P = PageTables;

/// A machine whose memory is a few tables, at physical addresses from 4096 on.
class PageTablesTest : public testing::Test {
 protected:
  struct alignas(4096) Table {
    uint64_t entries[512] = {};
  };

  /// CR3 has flags in its low bits.
  PageTables Tables() {
    return PageTables(PhysOf(1) | 0x18,
                      reinterpret_cast<uintptr_t>(memory_.get()));
  }
  static uint64_t PhysOf(size_t page) { return page * P::kPageSize; }
  uint64_t& Entry(size_t page, size_t index) {
    return memory_[page].entries[index];
  }
  /// Tables for `virt` in pages 1 (the root) to 4.
  void MapTables() {
    Entry(1, Index(kVirt, 3)) = PhysOf(2) | kTable;
    Entry(2, Index(kVirt, 2)) = PhysOf(3) | kTable;
    Entry(3, Index(kVirt, 1)) = PhysOf(4) | kTable;
  }
  static size_t Index(uintptr_t virt, int level) {
    return virt >> (12 + 9 * level) & 511;
  }

  static constexpr uintptr_t kVirt = 0xffff'8000'1234'5678;
  static constexpr uint64_t kTable = P::kPresent | P::kWritable;

  std::unique_ptr<Table[]> memory_ = std::make_unique<Table[]>(6);
};

TEST_F(PageTablesTest, FindsThePageEntryAndWhatItMaps) {
  MapTables();
  Entry(4, Index(kVirt, 0)) = 0x8'7654'3000 | P::kPresent | P::kNoExecute;

  EXPECT_EQ(Tables().PageEntry(kVirt), &Entry(4, Index(kVirt, 0)));
  uint64_t phys = 0;
  ASSERT_TRUE(Tables().Translate(kVirt, &phys));
  EXPECT_EQ(phys, 0x8'7654'3678u);
}

TEST_F(PageTablesTest, AnEmptyPageEntryIsAnEntryAndMapsNothing) {
  MapTables();
  EXPECT_EQ(Tables().PageEntry(kVirt), &Entry(4, Index(kVirt, 0)));
  uint64_t phys = 0;
  EXPECT_FALSE(Tables().Translate(kVirt, &phys));
}

TEST_F(PageTablesTest, LargeLeavesTranslateAndHaveNoPageEntry) {
  MapTables();
  uint64_t phys = 0;
  Entry(3, Index(kVirt, 1)) = 0x4020'0000 | P::kLarge | P::kPresent;
  ASSERT_TRUE(Tables().Translate(kVirt, &phys));
  EXPECT_EQ(phys, 0x4020'0000 | (kVirt & 0x1f'ffff));
  EXPECT_EQ(Tables().PageEntry(kVirt), nullptr);

  Entry(2, Index(kVirt, 2)) = 0x8000'0000 | P::kLarge | P::kPresent;
  ASSERT_TRUE(Tables().Translate(kVirt, &phys));
  EXPECT_EQ(phys, 0x8000'0000 | (kVirt & 0x3fff'ffff));
  EXPECT_EQ(Tables().PageEntry(kVirt), nullptr);
}

TEST_F(PageTablesTest, AMissingTableIsNoAnswer) {
  for (int level = 3; level > 0; --level) {
    MapTables();
    Entry(static_cast<size_t>(4 - level), Index(kVirt, level)) = 0;
    uint64_t phys = 0;
    EXPECT_FALSE(Tables().Translate(kVirt, &phys)) << "level " << level;
    EXPECT_EQ(Tables().PageEntry(kVirt), nullptr) << "level " << level;
  }
}

TEST_F(PageTablesTest, PagesOfOneTableHaveNeighbouringEntries) {
  MapTables();
  EXPECT_EQ(Tables().PageEntry(kVirt + P::kPageSize),
            Tables().PageEntry(kVirt) + 1);
}

}  // namespace
}  // namespace ebpf::x86_64
