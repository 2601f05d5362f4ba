// SPDX-License-Identifier: MIT
#include "core/tracepoints/static_sites.h"

#include <algorithm>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "testing/host_port/host_memory.h"

namespace ebpf {
namespace {

constexpr uint64_t kInsnSize = 5;

/// Branches at made-up places around where the table is: offsets reach 2 GiB.
struct Table {
  explicit Table(size_t count) : sites(count), keys(count / 8 + 1) {}

  void Set(size_t i, uint64_t code, uint64_t target, const StaticKey& key) {
    StaticSite& site = sites[i];
    site.code_offset = static_cast<int32_t>(code - Address(&site.code_offset));
    site.target_offset =
        static_cast<int32_t>(target - Address(&site.target_offset));
    site.key_offset =
        static_cast<int64_t>(Address(&key) - Address(&site.key_offset));
  }
  static uint64_t Address(const void* at) {
    return reinterpret_cast<uintptr_t>(at);
  }
  uint64_t base() const { return Address(sites.data()) + 0x1000'0000; }

  std::vector<StaticSite> sites;
  std::vector<StaticKey> keys;
};

TEST(StaticSitesTest, KnowsEachKeysBranchesAndWhereAllAre) {
  constexpr size_t kCount = 4000;
  Table table(kCount);
  std::mt19937_64 random(8);
  std::vector<uint64_t> codes, targets;
  std::vector<size_t> of_key(table.keys.size());
  for (size_t i = 0; i < kCount; ++i) {
    const size_t key = random() % (table.keys.size() - 1);  // not the last
    codes.push_back(table.base() + random() % 0x40'0000 * 8);
    targets.push_back(codes.back() + random() % 0x1000);
    table.Set(i, codes.back(), targets.back(), table.keys[key]);
    ++of_key[key];
  }
  FailingAllocator allocator;
  StaticSites sites;
  ASSERT_EQ(sites.Create(table.sites.data(), kCount, allocator), Status::kOk);

  EXPECT_EQ(sites.All().size(), kCount);
  for (size_t key = 0; key < table.keys.size(); ++key) {
    const Span<const uint32_t> found = sites.Of(table.keys[key]);
    ASSERT_EQ(found.size(), of_key[key]) << key;
    for (const uint32_t index : found) {
      EXPECT_EQ(sites.At(index).key(), Table::Address(&table.keys[key]));
      EXPECT_EQ(sites.At(index).code(), codes[index]);
      EXPECT_EQ(sites.At(index).target(), targets[index]);
    }
  }
  const auto any = [](const std::vector<uint64_t>& of, uint64_t begin,
                      uint64_t end) {
    return std::any_of(of.begin(), of.end(), [&](uint64_t address) {
      return begin <= address && address < end;
    });
  };
  for (int round = 0; round < 2000; ++round) {
    const size_t i = random() % kCount;
    const uint64_t at = (round % 2 ? codes : targets)[i] + random() % 24 - 12;
    const uint64_t size = 1 + random() % 16;
    EXPECT_EQ(sites.HasCodeIn(at, size, kInsnSize),
              any(codes, at - kInsnSize + 1, at + size));
    EXPECT_EQ(sites.HasTargetIn(at, size), any(targets, at, at + size));
  }
  sites.Delete(allocator);
  EXPECT_EQ(allocator.outstanding_blocks(), 0u);
}

TEST(StaticSitesTest, OverlapsToTheByte) {
  Table table(2);
  table.Set(1, table.base(), table.base() + 64, table.keys[0]);
  FailingAllocator allocator;
  StaticSites sites;
  ASSERT_EQ(sites.Create(table.sites.data(), 2, allocator), Status::kOk);

  EXPECT_FALSE(sites.HasCodeIn(table.base() - 4, 4, kInsnSize));
  EXPECT_TRUE(sites.HasCodeIn(table.base() - 4, 5, kInsnSize));
  EXPECT_TRUE(sites.HasCodeIn(table.base() + 4, 1, kInsnSize));
  EXPECT_FALSE(sites.HasCodeIn(table.base() + 5, 100, kInsnSize));
  EXPECT_FALSE(sites.HasTargetIn(table.base() + 60, 4));
  EXPECT_TRUE(sites.HasTargetIn(table.base() + 60, 5));
  EXPECT_TRUE(sites.HasTargetIn(table.base() + 64, 1));
  EXPECT_FALSE(sites.HasTargetIn(table.base() + 65, 100));
  sites.Delete(allocator);
}

TEST(StaticSitesTest, WhatStandsForAnEmptySectionIsNoBranch) {
  const StaticSite none = {0, 0, 0};
  FailingAllocator allocator;
  StaticSites sites;
  ASSERT_EQ(sites.Create(&none, 1, allocator), Status::kOk);
  EXPECT_TRUE(sites.All().empty());
  EXPECT_FALSE(sites.HasCodeIn(0, UINT64_MAX, kInsnSize));
  EXPECT_FALSE(sites.HasTargetIn(0, UINT64_MAX));
  sites.Delete(allocator);
  EXPECT_EQ(allocator.outstanding_blocks(), 0u);
}

}  // namespace
}  // namespace ebpf
