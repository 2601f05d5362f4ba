// SPDX-License-Identifier: MIT
#include "core/symbols/symbol_table.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <tuple>
#include <vector>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

constexpr uint64_t kBase = 0xffff'8000'0014'0000;

struct Function {
  uint32_t offset;
  uint32_t size;
  std::string name;
};

void Append32(std::vector<uint8_t>& out, uint32_t value) {
  for (int i = 0; i < 4; ++i) {
    out.push_back(static_cast<uint8_t>(value >> (8 * i)));
  }
}

/// The format, written down a second time.
std::vector<uint8_t> MakeBlob(const std::vector<Function>& functions) {
  std::vector<uint8_t> out;
  for (char c : std::string("EBPFKSYM")) {
    out.push_back(static_cast<uint8_t>(c));
  }
  std::string names;
  for (const Function& function : functions) {
    names += function.name;
  }
  Append32(out, 1);
  Append32(out, static_cast<uint32_t>(functions.size()));
  Append32(out, static_cast<uint32_t>(kBase));
  Append32(out, static_cast<uint32_t>(kBase >> 32));
  Append32(out, static_cast<uint32_t>(names.size()));
  Append32(out, 0);
  uint32_t name = 0;
  for (const Function& function : functions) {
    Append32(out, function.offset);
    Append32(out, function.size);
    Append32(out, name);
    Append32(out, static_cast<uint32_t>(function.name.size()));
    name += static_cast<uint32_t>(function.name.size());
  }
  std::vector<uint32_t> order(functions.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return std::tie(functions[a].name, a) < std::tie(functions[b].name, b);
  });
  for (uint32_t index : order) {
    Append32(out, index);
  }
  out.insert(out.end(), names.begin(), names.end());
  return out;
}

ConstBytes View(const std::vector<uint8_t>& blob) {
  return ConstBytes(blob.data(), blob.size());
}

std::string NameOf(const SymbolTable& table, const Symbol& symbol) {
  std::string name(table.CopyName(symbol.index, {}), '#');
  EXPECT_EQ(table.CopyName(symbol.index, {name.data(), name.size()}),
            name.size());
  return name;
}

const std::vector<Function>& Functions() {
  static const std::vector<Function> functions = {
      {0, 16, "start"},     {16, 100, "vfs_open"}, {16, 100, "vfs_open_alias"},
      {128, 8, "vfs_read"}, {136, 8, "helper"},    {200, 1, "helper"},
  };
  return functions;
}

TEST(SymbolTableTest, FindsEachFunctionByName) {
  const auto blob = MakeBlob(Functions());
  const auto table = SymbolTable::Open(View(blob));
  ASSERT_TRUE(table.ok());

  const auto found = table->FindByName("vfs_read");

  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->address, kBase + 128);
  EXPECT_EQ(found->size, 8u);
  EXPECT_EQ(NameOf(*table, *found), "vfs_read");
}

TEST(SymbolTableTest, DoesNotFindPrefixesLongerNamesOrNothing) {
  const auto blob = MakeBlob(Functions());
  const auto table = SymbolTable::Open(View(blob));
  ASSERT_TRUE(table.ok());

  for (const char* name : {"vfs_rea", "vfs_reads", "", "a", "zzz"}) {
    EXPECT_EQ(table->FindByName(name).status(), Status::kNotFound) << name;
  }
}

TEST(SymbolTableTest, RefusesANameThatTwoFunctionsHave) {
  const auto blob = MakeBlob(Functions());
  const auto table = SymbolTable::Open(View(blob));
  ASSERT_TRUE(table.ok());

  EXPECT_EQ(table->FindByName("helper").status(), Status::kExists);
}

TEST(SymbolTableTest, FindsEveryByteOfAFunctionAndNoneBesides) {
  const auto blob = MakeBlob(Functions());
  const auto table = SymbolTable::Open(View(blob));
  ASSERT_TRUE(table.ok());

  for (uint32_t offset = 0; offset < 300; ++offset) {
    const auto found = table->FindByAddress(kBase + offset);
    const auto expected = std::find_if(
        Functions().begin(), Functions().end(), [&](const Function& f) {
          return offset >= f.offset && offset < f.offset + f.size;
        });
    ASSERT_EQ(found.ok(), expected != Functions().end()) << offset;
    if (found.ok()) {
      EXPECT_EQ(NameOf(*table, *found), expected->name) << offset;
      EXPECT_EQ(found->address, kBase + expected->offset);
    }
  }
}

TEST(SymbolTableTest, FindsNothingFarAway) {
  const auto blob = MakeBlob(Functions());
  const auto table = SymbolTable::Open(View(blob));
  ASSERT_TRUE(table.ok());

  constexpr uint64_t kFar[] = {0, kBase - 1, kBase + (uint64_t{1} << 32) + 16,
                               ~uint64_t{0}};
  for (uint64_t address : kFar) {
    EXPECT_EQ(table->FindByAddress(address).status(), Status::kNotFound);
  }
}

TEST(SymbolTableTest, AddsTheSlideOfAMovedKernel) {
  const auto blob = MakeBlob(Functions());
  const auto table = SymbolTable::Open(View(blob), 0x20'0000);
  ASSERT_TRUE(table.ok());

  EXPECT_EQ(table->FindByName("start")->address, kBase + 0x20'0000);
  EXPECT_EQ(NameOf(*table, *table->FindByAddress(kBase + 0x20'0000)), "start");
  EXPECT_FALSE(table->FindByAddress(kBase).ok());
}

TEST(SymbolTableTest, AnEmptyTableFindsNothing) {
  const auto blob = MakeBlob({});
  const auto table = SymbolTable::Open(View(blob));
  ASSERT_TRUE(table.ok());

  EXPECT_EQ(table->size(), 0u);
  EXPECT_FALSE(table->FindByName("start").ok());
  EXPECT_FALSE(table->FindByAddress(kBase).ok());
  EXPECT_FALSE(SymbolTable().FindByName("start").ok());
  EXPECT_FALSE(SymbolTable().FindByAddress(0).ok());
}

TEST(SymbolTableTest, RefusesABlobThatIsCutOffAnywhere) {
  const auto blob = MakeBlob(Functions());
  for (size_t size = 0; size < blob.size(); ++size) {
    // A copy, so that a sanitizer sees each byte beyond the end.
    const std::vector<uint8_t> cut(blob.begin(), blob.begin() + size);
    EXPECT_EQ(SymbolTable::Open(View(cut)).status(), Status::kBadMessage);
  }
}

TEST(SymbolTableTest, AcceptsBytesBehindTheBlob) {
  auto blob = MakeBlob(Functions());
  blob.resize(blob.size() + 4096);  // padding of the linker

  EXPECT_TRUE(SymbolTable::Open(View(blob)).ok());
}

TEST(SymbolTableTest, RefusesAnotherMagicOrVersion) {
  for (size_t at : {size_t{0}, size_t{7}, size_t{8}, size_t{28}}) {
    auto blob = MakeBlob(Functions());
    blob[at] ^= 1;
    EXPECT_EQ(SymbolTable::Open(View(blob)).status(), Status::kBadMessage);
  }
}

TEST(SymbolTableTest, RefusesEntriesOutOfOrder) {
  auto functions = Functions();
  std::swap(functions[0], functions[3]);
  EXPECT_FALSE(SymbolTable::Open(View(MakeBlob(functions))).ok());
}

TEST(SymbolTableTest, RefusesFunctionsThatOverlap) {
  auto functions = Functions();
  functions[0].size = 17;
  EXPECT_FALSE(SymbolTable::Open(View(MakeBlob(functions))).ok());
}

TEST(SymbolTableTest, RefusesEmptyNamesAndFunctions) {
  auto functions = Functions();
  functions[0].name = "";
  EXPECT_FALSE(SymbolTable::Open(View(MakeBlob(functions))).ok());
  functions = Functions();
  functions[0].size = 0;
  EXPECT_FALSE(SymbolTable::Open(View(MakeBlob(functions))).ok());
}

TEST(SymbolTableTest, RefusesANameIndexThatIsNoPermutation) {
  const size_t index_at = 32 + 16 * Functions().size();
  for (uint8_t value : {uint8_t{1}, uint8_t{6}, uint8_t{255}}) {
    auto blob = MakeBlob(Functions());
    blob[index_at] = value;
    EXPECT_FALSE(SymbolTable::Open(View(blob)).ok()) << int{value};
  }
}

TEST(SymbolTableTest, SurvivesEveryFlippedBit) {
  const auto blob = MakeBlob(Functions());
  for (size_t bit = 0; bit < 8 * blob.size(); ++bit) {
    auto bad = blob;
    bad[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    const auto table = SymbolTable::Open(View(bad));
    if (!table.ok()) {
      continue;
    }
    for (size_t i = 0; i < table->size(); ++i) {
      const Symbol symbol = table->At(i);
      EXPECT_TRUE(table->FindByAddress(symbol.address).ok());
      EXPECT_NE(table->FindByName(NameOf(*table, symbol).c_str()).status(),
                Status::kNotFound);
    }
  }
}

}  // namespace
}  // namespace ebpf
