// SPDX-License-Identifier: MIT
#include "core/symbols/ksym_tables.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

/// Text from 100 to 200; before and behind it are data.
class KsymTablesTest : public testing::Test {
 protected:
  KsymTablesTest() {
    for (const auto& [address, name] :
         std::vector<std::pair<uint64_t, std::string>>{{50, "data"},
                                                       {100, "first"},
                                                       {120, "alias_a"},
                                                       {120, "alias_b"},
                                                       {150, "twice"},
                                                       {160, "twice"},
                                                       {170, "last"},
                                                       {300, "more_data"}}) {
      address_.push_back(address);
      index_.push_back(names_.size());
      names_ += name + '\0';
    }
    tables_ = {address_.data(), index_.data(), names_.data(),
               address_.size(), 100,           200};
  }

  std::string NameOf(const ebpf_symbol& symbol) {
    char name[32];
    return std::string(name, tables_.CopyName(symbol, name, sizeof(name)));
  }

  std::vector<uint64_t> address_;
  std::vector<uint64_t> index_;
  std::string names_;
  KsymTables tables_;
  ebpf_symbol symbol_ = {};
};

TEST_F(KsymTablesTest, FindsFunctionsByName) {
  ASSERT_TRUE(tables_.FindByName("first", &symbol_));
  EXPECT_EQ(symbol_.address, 100u);
  EXPECT_EQ(symbol_.size, 20u);
  ASSERT_TRUE(tables_.FindByName("alias_b", &symbol_));
  EXPECT_EQ(symbol_.address, 120u);
  EXPECT_EQ(symbol_.size, 30u) << "to the next one that is further";
  ASSERT_TRUE(tables_.FindByName("last", &symbol_));
  EXPECT_EQ(symbol_.size, 30u) << "to the text's end";
  EXPECT_FALSE(tables_.FindByName("firs", &symbol_));
  EXPECT_FALSE(tables_.FindByName("data", &symbol_)) << "no function";
}

TEST_F(KsymTablesTest, ANameOfTwoFunctionsIsNoName) {
  EXPECT_FALSE(tables_.FindByName("twice", &symbol_));
}

TEST_F(KsymTablesTest, FindsTheFunctionThatContainsAnAddress) {
  ASSERT_TRUE(tables_.FindByAddress(119, &symbol_));
  EXPECT_EQ(NameOf(symbol_), "first");
  ASSERT_TRUE(tables_.FindByAddress(120, &symbol_));
  EXPECT_EQ(symbol_.address, 120u);
  ASSERT_TRUE(tables_.FindByAddress(199, &symbol_));
  EXPECT_EQ(NameOf(symbol_), "last");
  EXPECT_FALSE(tables_.FindByAddress(200, &symbol_));
  EXPECT_FALSE(tables_.FindByAddress(300, &symbol_));
  EXPECT_FALSE(tables_.FindByAddress(99, &symbol_));
  EXPECT_FALSE(tables_.FindByAddress(0, &symbol_));
}

TEST_F(KsymTablesTest, WhatLiesBeforeTheFirstFunctionIsNone) {
  tables_.text_begin = 90;
  EXPECT_FALSE(tables_.FindByAddress(95, &symbol_));
}

TEST_F(KsymTablesTest, GoesOverAllFunctionsByAddress) {
  std::vector<std::string> names;
  uint64_t position = 0;
  while (tables_.Next(&position, &symbol_)) {
    names.push_back(NameOf(symbol_));
  }
  EXPECT_EQ(names, (std::vector<std::string>{"first", "alias_a", "alias_b",
                                             "twice", "twice", "last"}));
}

TEST_F(KsymTablesTest, CopiesAsMuchOfANameAsFits) {
  ASSERT_TRUE(tables_.FindByName("first", &symbol_));
  char name[4] = {'x', 'x', 'x', 'x'};
  EXPECT_EQ(tables_.CopyName(symbol_, name, 3), 5u);
  EXPECT_EQ(std::string(name, 4), "firx");
  EXPECT_EQ(tables_.CopyName({0, 0, 8}, name, 3), 0u);
}

TEST_F(KsymTablesTest, WithoutTablesNothingIsFound) {
  const KsymTables none;
  uint64_t position = 0;
  EXPECT_FALSE(none.FindByName("first", &symbol_));
  EXPECT_FALSE(none.FindByAddress(100, &symbol_));
  EXPECT_FALSE(none.Next(&position, &symbol_));
}

}  // namespace
}  // namespace ebpf
