// SPDX-License-Identifier: MIT
#include "testing/hermit/loader/aarch64/page_tables.h"

namespace hermit {
namespace {

// Descriptor bits. An attribute index is kMemoryAttributes' byte.
constexpr uint64_t kTableOrPage = 3;
constexpr uint64_t kNormal = 4 << 2;
constexpr uint64_t kInnerShareable = 3 << 8;
constexpr uint64_t kAccessed = 1 << 10;
constexpr uint64_t kNeverExecute = uint64_t{3} << 53;
// A software bit that the kernel sets where level 0 points to itself.
constexpr uint64_t kSelf = uint64_t{1} << 55;

constexpr uint64_t kNormalPage =
    kTableOrPage | kNormal | kInnerShareable | kAccessed;
constexpr uint64_t kDevicePage =
    kTableOrPage | kInnerShareable | kAccessed | kNeverExecute;

constexpr unsigned kLevel1Shift = 30;
constexpr unsigned kLevel2Shift = 21;
constexpr unsigned kLevel3Shift = 12;

uint64_t& Entry(PageTable& table, uint64_t address, unsigned shift) {
  return table.entries[(address >> shift) % 512];
}

// A table is reached as a page, too, through level 0's last entry: its
// descriptor carries a page's attributes, which a table walk ignores.
uint64_t TableEntry(const PageTable& table) {
  return reinterpret_cast<uint64_t>(&table) | kNormalPage;
}

}  // namespace

bool BuildPageTables(uint64_t serial_port, uint64_t begin, uint64_t end,
                     PageTables* tables) {
  if (begin % kLargePage != 0 || end % kLargePage != 0 || begin >= end ||
      (end - begin) / kLargePage > PageTables::kMaxLargePages ||
      begin >> kLevel1Shift != (end - 1) >> kLevel1Shift ||
      begin >> kLevel1Shift == serial_port >> kLevel1Shift ||
      (end | serial_port) >> 39 != 0) {
    return false;
  }
  tables->level0.entries[0] = TableEntry(tables->level1);
  tables->level0.entries[511] = TableEntry(tables->level0) | kSelf;

  Entry(tables->level1, serial_port, kLevel1Shift) =
      TableEntry(tables->device_level2);
  Entry(tables->device_level2, serial_port, kLevel2Shift) =
      TableEntry(tables->device_level3);
  Entry(tables->device_level3, serial_port, kLevel3Shift) =
      (serial_port & ~(kSmallPage - 1)) | kDevicePage;

  Entry(tables->level1, begin, kLevel1Shift) =
      TableEntry(tables->memory_level2);
  for (uint64_t address = begin; address < end; address += kSmallPage) {
    PageTable& level3 = tables->memory_level3[(address - begin) / kLargePage];
    Entry(tables->memory_level2, address, kLevel2Shift) = TableEntry(level3);
    Entry(level3, address, kLevel3Shift) = address | kNormalPage;
  }
  return true;
}

}  // namespace hermit
