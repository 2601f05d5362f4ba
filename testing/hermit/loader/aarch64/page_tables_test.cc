// SPDX-License-Identifier: MIT
#include "testing/hermit/loader/aarch64/page_tables.h"

#include <memory>
#include <stdint.h>

#include "gtest/gtest.h"

namespace hermit {
namespace {

constexpr uint64_t kSerial = 0x09000000;
constexpr uint64_t kBegin = 0x40000000;
constexpr uint64_t kEnd = kBegin + 5 * kLargePage;
constexpr uint64_t kAddressBits = 0x0000fffffffff000;

// What a CPU would do: the last level's descriptor for `address`, or 0.
uint64_t Translate(const PageTables& tables, uint64_t address) {
  const PageTable* table = &tables.level0;
  for (unsigned shift = 39;; shift -= 9) {
    const uint64_t entry = table->entries[(address >> shift) % 512];
    if ((entry & 3) != 3) {
      return 0;
    }
    if (shift == 12) {
      return entry;
    }
    table = reinterpret_cast<const PageTable*>(entry & kAddressBits);
  }
}

class PageTablesTest : public testing::Test {
 protected:
  void SetUp() override {
    tables_ = std::make_unique<PageTables>();
    ASSERT_TRUE(BuildPageTables(kSerial, kBegin, kEnd, tables_.get()));
  }

  std::unique_ptr<PageTables> tables_;
};

TEST_F(PageTablesTest, MapsMemoryOneToOneAndExecutable) {
  for (uint64_t address = kBegin; address < kEnd; address += kSmallPage) {
    const uint64_t entry = Translate(*tables_, address);

    ASSERT_EQ(entry & kAddressBits, address);
    EXPECT_EQ((entry >> 2) % 8, 4u) << "write-back memory";
    EXPECT_EQ((entry >> 6) % 4, 0u) << "written by EL1 only";
    EXPECT_EQ(entry >> 53, 0u) << "executable";
  }
}

TEST_F(PageTablesTest, MapsNothingBeyond) {
  EXPECT_EQ(Translate(*tables_, kBegin - kSmallPage), 0u);
  EXPECT_EQ(Translate(*tables_, kEnd), 0u);
  EXPECT_EQ(Translate(*tables_, kSerial + kSmallPage), 0u);
  EXPECT_EQ(Translate(*tables_, 0), 0u);
}

TEST_F(PageTablesTest, MapsTheSerialPortAsDevice) {
  const uint64_t entry = Translate(*tables_, kSerial);

  EXPECT_EQ(entry & kAddressBits, kSerial);
  EXPECT_EQ((entry >> 2) % 8, 0u);
  EXPECT_NE(entry >> 53, 0u);
}

TEST_F(PageTablesTest, ShowsLevel0ToTheKernelAtItsOwnLastPage) {
  EXPECT_EQ(Translate(*tables_, 0x0000fffffffff000) & kAddressBits,
            reinterpret_cast<uint64_t>(&tables_->level0));
}

TEST_F(PageTablesTest, RefusesWhatTheTablesCannotHold) {
  PageTables* tables = tables_.get();

  EXPECT_FALSE(BuildPageTables(kSerial, kBegin, kBegin, tables));
  EXPECT_FALSE(BuildPageTables(kSerial, kBegin + 1, kEnd, tables));
  EXPECT_FALSE(BuildPageTables(
      kSerial, kBegin, kBegin + (PageTables::kMaxLargePages + 1) * kLargePage,
      tables));
  EXPECT_FALSE(BuildPageTables(kSerial, 0x80000000 - kLargePage,
                               0x80000000 + kLargePage, tables));
  EXPECT_FALSE(BuildPageTables(kBegin, kBegin, kEnd, tables));
}

}  // namespace
}  // namespace hermit
