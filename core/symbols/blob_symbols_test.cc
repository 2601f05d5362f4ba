// SPDX-License-Identifier: MIT
//
// Without the host port: its symbols are the process's.
#include "core/symbols/blob_symbols.h"

#include <stdlib.h>
#include <string>
#include <vector>

#include "core/platform/log.h"
#include "core/platform/symbols.h"
#include "core/symbols/symbol_blob_test_util.h"
#include "gtest/gtest.h"

extern "C" void ebpf_port_panic(const char* /*what*/) { abort(); }

namespace ebpf {
namespace {

class BlobSymbolsTest : public testing::Test {
 protected:
  BlobSymbolsTest() { blob_symbols = SymbolTable(); }

  bool Open(const std::vector<Function>& functions, uint64_t base = 0) {
    blob_ = MakeBlob(functions);
    return OpenBlobSymbols(View(blob_), base);
  }

  bool FindByName(const std::string& name) {
    return ebpf_port_symbol_by_name(name.data(), name.size(), &symbol_);
  }
  bool FindByAddress(uintptr_t address) {
    return ebpf_port_symbol_by_address(address, &symbol_);
  }
  static std::string NameOf(const ebpf_symbol& symbol) {
    char name[64];
    const size_t size = ebpf_port_symbol_name(&symbol, name, sizeof(name));
    EXPECT_LE(size, sizeof(name));
    return std::string(name, size);
  }
  void ExpectNothing() {
    EXPECT_FALSE(FindByName("start"));
    EXPECT_FALSE(FindByName(""));
    EXPECT_FALSE(ebpf_port_symbol_by_name(nullptr, 0, &symbol_));
    EXPECT_FALSE(FindByAddress(0));
    EXPECT_FALSE(FindByAddress(kBase));
    EXPECT_FALSE(FindByAddress(UINTPTR_MAX));
    uint64_t position = 0;
    EXPECT_FALSE(ebpf_port_symbol_next(&position, &symbol_));
    EXPECT_EQ(ebpf_port_symbol_name(&symbol_, nullptr, 0), 0u);
  }

  const std::vector<Function> functions_ = {
      {0, 16, "start"},     {16, 100, "vfs_open"}, {16, 100, "vfs_open_alias"},
      {128, 8, "vfs_read"}, {136, 8, "helper"},    {200, 1, "helper"},
  };
  std::vector<uint8_t> blob_;
  ebpf_symbol symbol_ = {};
};

TEST_F(BlobSymbolsTest, NothingIsFoundBeforeThereIsABlob) { ExpectNothing(); }

TEST_F(BlobSymbolsTest, ADamagedBlobIsNoneAndNoBlobIsNone) {
  EXPECT_FALSE(OpenBlobSymbols({}));
  ExpectNothing();
  blob_ = MakeBlob(functions_);
  for (const size_t size : {size_t{1}, blob_.size() / 2, blob_.size() - 1}) {
    EXPECT_FALSE(OpenBlobSymbols(ConstBytes(blob_.data(), size)));
    ExpectNothing();
  }
  blob_[0] ^= 1;
  EXPECT_FALSE(OpenBlobSymbols(View(blob_)));
  ExpectNothing();
}

TEST_F(BlobSymbolsTest, ABlobWithoutFunctionsIsOneThatHasNone) {
  EXPECT_TRUE(Open({}));
  ExpectNothing();
}

TEST_F(BlobSymbolsTest, FindsFunctionsWhereTheKernelIs) {
  constexpr uint64_t kMoved = 0x20'0000;
  ASSERT_TRUE(Open(functions_, kMoved));
  ASSERT_TRUE(FindByName("vfs_read"));
  EXPECT_EQ(symbol_.address, kBase + kMoved + 128);
  EXPECT_EQ(symbol_.size, 8u);
  EXPECT_EQ(NameOf(symbol_), "vfs_read");
  EXPECT_FALSE(FindByAddress(kBase));
  ASSERT_TRUE(FindByAddress(kBase + kMoved + 115));
  EXPECT_EQ(symbol_.address, kBase + kMoved + 16);
  EXPECT_EQ(symbol_.size, 100u);
  EXPECT_EQ(NameOf(symbol_), "vfs_open");
}

TEST_F(BlobSymbolsTest, FindsNothingOutsideOfFunctions) {
  ASSERT_TRUE(Open(functions_));
  for (const uint64_t offset : {116u, 127u, 144u, 199u, 201u}) {
    EXPECT_FALSE(FindByAddress(kBase + offset)) << offset;
  }
  EXPECT_FALSE(FindByAddress(kBase - 1));
  EXPECT_FALSE(FindByAddress(kBase + (uint64_t{1} << 32)));
  EXPECT_TRUE(FindByAddress(kBase + 200));
}

TEST_F(BlobSymbolsTest, TextIsFromTheFirstFunctionToTheLast) {
  EXPECT_FALSE(IsInBlobText(0, 1));
  EXPECT_FALSE(IsInBlobText(kBase, 1));
  ASSERT_TRUE(Open(functions_));
  EXPECT_TRUE(IsInBlobText(kBase, 201));
  EXPECT_TRUE(IsInBlobText(kBase + 127, 1));  // between two
  EXPECT_FALSE(IsInBlobText(kBase, 202));
  EXPECT_FALSE(IsInBlobText(kBase - 1, 2));
  EXPECT_FALSE(IsInBlobText(kBase + 201, 1));
  EXPECT_FALSE(IsInBlobText(kBase, SIZE_MAX));
}

TEST_F(BlobSymbolsTest, ANameHasTheLengthThatItHas) {
  ASSERT_TRUE(Open(functions_));
  constexpr char kText[] = "vfs_read()";
  EXPECT_TRUE(ebpf_port_symbol_by_name(kText, 8, &symbol_));
  EXPECT_EQ(symbol_.address, kBase + 128);
  EXPECT_FALSE(ebpf_port_symbol_by_name(kText, 7, &symbol_));
  EXPECT_FALSE(ebpf_port_symbol_by_name(kText, 9, &symbol_));
  EXPECT_FALSE(FindByName(std::string("vfs_read\0", 9)));
  EXPECT_FALSE(FindByName(""));
  EXPECT_FALSE(FindByName(std::string(10'000, 'v')));
}

TEST_F(BlobSymbolsTest, ANameOfTwoFunctionsIsNoName) {
  ASSERT_TRUE(Open(functions_));
  EXPECT_FALSE(FindByName("helper"));
  EXPECT_TRUE(FindByName("vfs_open_alias"));
}

TEST_F(BlobSymbolsTest, GoesOverAllFunctionsByAddressAndEnds) {
  ASSERT_TRUE(Open(functions_));
  uint64_t position = 0;
  for (const Function& function : functions_) {
    ASSERT_TRUE(ebpf_port_symbol_next(&position, &symbol_));
    EXPECT_EQ(symbol_.address, kBase + function.offset);
    EXPECT_EQ(symbol_.size, function.size);
    EXPECT_EQ(NameOf(symbol_), function.name);
  }
  EXPECT_FALSE(ebpf_port_symbol_next(&position, &symbol_));
  EXPECT_FALSE(ebpf_port_symbol_next(&position, &symbol_));
  position = UINT64_MAX;
  EXPECT_FALSE(ebpf_port_symbol_next(&position, &symbol_));
}

TEST_F(BlobSymbolsTest, WritesNoMoreOfANameThanThereIsRoomFor) {
  ASSERT_TRUE(Open(functions_));
  ASSERT_TRUE(FindByName("vfs_read"));
  EXPECT_EQ(ebpf_port_symbol_name(&symbol_, nullptr, 0), 8u);
  char name[9] = "########";
  EXPECT_EQ(ebpf_port_symbol_name(&symbol_, name, 5), 8u);
  EXPECT_STREQ(name, "vfs_r###");
  EXPECT_EQ(ebpf_port_symbol_name(&symbol_, name, 8), 8u);
  EXPECT_STREQ(name, "vfs_read");
}

TEST_F(BlobSymbolsTest, WhatNobodyFoundHasNoName) {
  ASSERT_TRUE(Open(functions_));
  char name[] = "##";
  for (const uint64_t entry : {uint64_t{6}, UINT64_MAX}) {
    symbol_.entry = entry;
    EXPECT_EQ(ebpf_port_symbol_name(&symbol_, name, 2), 0u);
  }
  EXPECT_STREQ(name, "##");
}

TEST_F(BlobSymbolsTest, TheLastFunctionMayEndWhereAddressesDo) {
  ASSERT_TRUE(Open(functions_, UINT64_MAX - kBase - 200));
  ASSERT_TRUE(FindByAddress(UINTPTR_MAX));
  EXPECT_EQ(symbol_.address, UINTPTR_MAX);
  EXPECT_EQ(symbol_.size, 1u);
  EXPECT_FALSE(FindByAddress(UINTPTR_MAX - 1));
  EXPECT_FALSE(FindByAddress(0));
}

}  // namespace
}  // namespace ebpf
