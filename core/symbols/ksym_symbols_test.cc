// SPDX-License-Identifier: MIT
//
// Without the host port: its symbols are the process's. ksym_tables_test.cc has
// what tables as the crate writes them lead to; here are others.
#include "core/symbols/ksym_symbols.h"

#include <random>
#include <stdlib.h>
#include <string>
#include <utility>
#include <vector>

#include "core/platform/log.h"
#include "core/platform/symbols.h"
#include "gtest/gtest.h"

namespace {

ebpf::KsymTables tables;

}  // namespace

ebpf::KsymTables ebpf::PortKsymTables() { return tables; }

extern "C" void ebpf_port_panic(const char* /*what*/) { abort(); }

namespace ebpf {
namespace {

constexpr uintptr_t kTextBegin = 1000;
constexpr uintptr_t kTextEnd = 2000;

class KsymSymbolsTest : public testing::Test {
 protected:
  using Entries = std::vector<std::pair<uint64_t, std::string>>;

  KsymSymbolsTest() { tables = {}; }
  ~KsymSymbolsTest() override { tables = {}; }

  void SetTables(const Entries& entries) {
    address_.clear();
    index_.clear();
    names_.clear();
    for (const auto& [address, name] : entries) {
      address_.push_back(address);
      index_.push_back(names_.size());
      names_.insert(names_.end(), name.begin(), name.end());
      names_.push_back('\0');
    }
    // Copies without room behind them: a sanitizer sees what is beyond.
    address_.shrink_to_fit();
    index_.shrink_to_fit();
    names_.shrink_to_fit();
    tables = {address_.data(), index_.data(), names_.data(),
              address_.size(), kTextBegin,    kTextEnd};
  }

  bool FindByName(const std::string& name) {
    return ebpf_port_symbol_by_name(name.data(), name.size(), &symbol_);
  }
  bool FindByAddress(uintptr_t address) {
    return ebpf_port_symbol_by_address(address, &symbol_);
  }
  static std::string NameOf(const ebpf_symbol& symbol) {
    char name[64];
    return std::string(name, ebpf_port_symbol_name(&symbol, name, sizeof name));
  }

  std::vector<uint64_t> address_;
  std::vector<uint64_t> index_;
  std::vector<char> names_;
  ebpf_symbol symbol_ = {};
};

TEST_F(KsymSymbolsTest, AKernelWithoutTablesHasNoSymbols) {
  EXPECT_FALSE(FindByName("first"));
  EXPECT_FALSE(FindByName(""));
  EXPECT_FALSE(FindByAddress(0));
  EXPECT_FALSE(FindByAddress(UINTPTR_MAX));
  uint64_t position = 0;
  EXPECT_FALSE(ebpf_port_symbol_next(&position, &symbol_));
  EXPECT_EQ(ebpf_port_symbol_name(&symbol_, nullptr, 0), 0u);
  // Nor text.
  SetTables({{0, "first"}, {UINT64_MAX, "last"}});
  tables.text_begin = 0;
  tables.text_end = 0;
  EXPECT_FALSE(FindByName("first"));
  EXPECT_FALSE(FindByAddress(0));
  EXPECT_FALSE(ebpf_port_symbol_next(&position, &symbol_));
}

TEST_F(KsymSymbolsTest, OneFunctionReachesToTheEndOfTheText) {
  SetTables({{1500, "only"}});
  ASSERT_TRUE(FindByName("only"));
  EXPECT_EQ(symbol_.address, 1500u);
  EXPECT_EQ(symbol_.size, kTextEnd - 1500);
  EXPECT_EQ(NameOf(symbol_), "only");
  EXPECT_FALSE(FindByAddress(1499));
  EXPECT_TRUE(FindByAddress(1500));
  EXPECT_TRUE(FindByAddress(1999));
  EXPECT_FALSE(FindByAddress(2000));
}

TEST_F(KsymSymbolsTest, TextBeginsAndEndsWithItsBytes) {
  SetTables({{999, "before"}, {1000, "first"}, {1999, "last"}, {2000, "data"}});
  ASSERT_TRUE(FindByName("first"));
  EXPECT_EQ(symbol_.size, 999u);
  ASSERT_TRUE(FindByName("last"));
  EXPECT_EQ(symbol_.size, 1u);
  EXPECT_FALSE(FindByName("before"));
  EXPECT_FALSE(FindByName("data"));
  EXPECT_FALSE(FindByAddress(999));
  EXPECT_FALSE(FindByAddress(2000));
  ASSERT_TRUE(FindByAddress(1000));
  EXPECT_EQ(NameOf(symbol_), "first");
  ASSERT_TRUE(FindByAddress(1999));
  EXPECT_EQ(NameOf(symbol_), "last");
}

TEST_F(KsymSymbolsTest, NamesAreFoundWholeAtBothEndsOfTheTable) {
  SetTables({{1000, "a"}, {1100, "middle"}, {1200, "z"}});
  for (const char* name : {"a", "middle", "z"}) {
    EXPECT_TRUE(FindByName(name)) << name;
  }
  for (const char* name : {"", "m", "middl", "middles", "zz", "aa"}) {
    EXPECT_FALSE(FindByName(name)) << name;
  }
  EXPECT_FALSE(FindByName(std::string("a\0", 2)));
  constexpr char kText[] = "middle()";
  EXPECT_TRUE(ebpf_port_symbol_by_name(kText, 6, &symbol_));
  char name[7] = "######";
  EXPECT_EQ(ebpf_port_symbol_name(&symbol_, nullptr, 0), 6u);
  EXPECT_EQ(ebpf_port_symbol_name(&symbol_, name, 2), 6u);
  EXPECT_STREQ(name, "mi####");
}

TEST_F(KsymSymbolsTest, ANameMayStandTwiceAtOnePlaceOnly) {
  SetTables({{1000, "same"}, {1000, "same"}, {1100, "other"}, {1200, "other"}});
  ASSERT_TRUE(FindByName("same"));
  EXPECT_EQ(symbol_.address, 1000u);
  EXPECT_EQ(symbol_.size, 100u);
  EXPECT_FALSE(FindByName("other"));
}

TEST_F(KsymSymbolsTest, WhatNobodyFoundHasNoName) {
  SetTables({{1000, "only"}});
  char name[] = "##";
  for (const uint64_t entry : {uint64_t{1}, UINT64_MAX}) {
    symbol_.entry = entry;
    EXPECT_EQ(ebpf_port_symbol_name(&symbol_, name, 2), 0u);
  }
  EXPECT_STREQ(name, "##");
}

TEST_F(KsymSymbolsTest, GoingOverAllEndsWhereverItIs) {
  SetTables({{10, "data"}, {1000, "only"}, {UINT64_MAX, "more_data"}});
  uint64_t position = 0;
  ASSERT_TRUE(ebpf_port_symbol_next(&position, &symbol_));
  EXPECT_EQ(NameOf(symbol_), "only");
  EXPECT_FALSE(ebpf_port_symbol_next(&position, &symbol_));
  EXPECT_FALSE(ebpf_port_symbol_next(&position, &symbol_));
  position = UINT64_MAX;
  EXPECT_FALSE(ebpf_port_symbol_next(&position, &symbol_));
}

TEST_F(KsymSymbolsTest, AFunctionHasTheAddressInItThoughTablesAreUnsorted) {
  std::mt19937 random(3);
  for (int round = 0; round < 2000; ++round) {
    Entries entries;
    const size_t count = random() % 12;
    for (size_t i = 0; i < count; ++i) {
      entries.emplace_back(900 + random() % 1200, std::string(1, 'a' + i % 3));
    }
    SetTables(entries);
    for (int i = 0; i < 20; ++i) {
      const uintptr_t at = 900 + random() % 1200;
      if (FindByAddress(at)) {
        ASSERT_LE(symbol_.address, at);
        ASSERT_LT(at - symbol_.address, symbol_.size);
        ASSERT_EQ(address_[symbol_.entry], symbol_.address);
      }
    }
    (void)FindByName("a");
    uint64_t position = 0;
    size_t steps = 0;
    while (ebpf_port_symbol_next(&position, &symbol_)) {
      ASSERT_LT(steps++, count);
      ASSERT_GT(symbol_.size, 0u);
      ASSERT_LE(symbol_.size, kTextEnd - symbol_.address);
    }
  }
}

}  // namespace
}  // namespace ebpf
