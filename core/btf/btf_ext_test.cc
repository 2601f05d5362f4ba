// SPDX-License-Identifier: MIT
#include "core/btf/btf_ext.h"

#include <cstdint>
#include <cstring>
#include <vector>

#include "gtest/gtest.h"

namespace ebpf::btf {
namespace {

using Words = std::vector<uint32_t>;

/// A header for three tables, one behind the other, and the tables.
std::vector<uint8_t> Blob(const Words& functions, const Words& lines,
                          const Words& relocations, uint32_t header_size = 32) {
  Words words = {0x0001eb9f, header_size};
  uint32_t at = 0;
  for (const Words* table : {&functions, &lines, &relocations}) {
    if (words.size() * 4 < header_size) {
      words.push_back(at);
      words.push_back(static_cast<uint32_t>(4 * table->size()));
    }
    at += static_cast<uint32_t>(4 * table->size());
  }
  for (const Words* table : {&functions, &lines, &relocations}) {
    words.insert(words.end(), table->begin(), table->end());
  }
  std::vector<uint8_t> bytes(4 * words.size());
  memcpy(bytes.data(), words.data(), bytes.size());
  return bytes;
}

ConstBytes View(const std::vector<uint8_t>& bytes) {
  return ConstBytes(bytes.data(), bytes.size());
}

Status Open(const std::vector<uint8_t>& bytes) {
  return BtfExt::Open(View(bytes)).status();
}

TEST(BtfExtTest, GivesTheSectionsOfEachTable) {
  const std::vector<uint8_t> bytes =
      Blob({8, 5, 2, 0, 11, 8, 12, 6, 1, 0, 13}, {16, 5, 1, 0, 1, 2, 3},
           {16, 6, 1, 24, 7, 8, 2});
  const BtfExt ext = *BtfExt::Open(View(bytes));

  size_t at = 0;
  const ExtSection first = *ext.NextSection(ExtTable::kFunctions, at);
  EXPECT_EQ(first.name, 5u);
  EXPECT_EQ(first.record_count, 2u);
  uint32_t record[2];
  memcpy(record, first.RecordAt(1).data(), 8);
  EXPECT_EQ(record[0], 8u);
  EXPECT_EQ(record[1], 12u);
  const ExtSection second = *ext.NextSection(ExtTable::kFunctions, at);
  EXPECT_EQ(second.name, 6u);
  EXPECT_EQ(ext.NextSection(ExtTable::kFunctions, at).status(),
            Status::kNotFound);
  at = 0;
  EXPECT_EQ(ext.NextSection(ExtTable::kRelocations, at)->record_size, 16u);
}

TEST(BtfExtTest, RecordsMayBeLongerThanThoseThatWeKnow) {
  const std::vector<uint8_t> bytes = Blob({12, 5, 1, 0, 11, 99}, {}, {});
  const BtfExt ext = *BtfExt::Open(View(bytes));
  size_t at = 0;

  EXPECT_EQ(ext.NextSection(ExtTable::kFunctions, at)->record_size, 12u);
}

TEST(BtfExtTest, OldHeadersKnowNoRelocations) {
  const std::vector<uint8_t> bytes = Blob({8, 5, 1, 0, 11}, {}, {}, 24);
  const BtfExt ext = *BtfExt::Open(View(bytes));
  size_t at = 0;

  EXPECT_TRUE(ext.NextSection(ExtTable::kFunctions, at).ok());
  at = 0;
  EXPECT_EQ(ext.NextSection(ExtTable::kRelocations, at).status(),
            Status::kNotFound);
}

TEST(BtfExtTest, RefusesHeadersThatAreNone) {
  std::vector<uint8_t> good = Blob({}, {}, {});
  ASSERT_EQ(Open(good), Status::kOk);
  for (const size_t byte : {0u, 1u, 2u, 3u}) {  // magic, version, flags
    std::vector<uint8_t> bad = good;
    bad[byte] ^= 2;
    EXPECT_EQ(Open(bad), Status::kInvalid) << byte;
  }
  std::vector<uint8_t> far = good;
  far[8] = 1;  // a table at 1 of nothing
  EXPECT_EQ(Open(far), Status::kInvalid);
  for (size_t size = 0; size < 32; ++size) {
    EXPECT_EQ(Open({good.begin(), good.begin() + size}), Status::kInvalid);
  }
}

TEST(BtfExtTest, RefusesTablesThatAreNone) {
  EXPECT_EQ(Open(Blob({4, 5, 1, 0}, {}, {})), Status::kInvalid);
  EXPECT_EQ(Open(Blob({10, 5, 1, 0, 0, 0}, {}, {})), Status::kInvalid);
  EXPECT_EQ(Open(Blob({8, 5, 0}, {}, {})), Status::kInvalid);
  EXPECT_EQ(Open(Blob({8, 5, 2, 0, 1}, {}, {})), Status::kInvalid);
  EXPECT_EQ(Open(Blob({8, 5, 0xffffffff, 0, 1}, {}, {})), Status::kInvalid);
  EXPECT_EQ(Open(Blob({0xfffffffc, 5, 0xffffffff, 0, 1}, {}, {})),
            Status::kInvalid);
  EXPECT_EQ(Open(Blob({8, 5}, {}, {})), Status::kInvalid);
  EXPECT_EQ(Open(Blob({}, {8, 5, 1, 0, 1}, {})), Status::kInvalid);
}

}  // namespace
}  // namespace ebpf::btf
