// SPDX-License-Identifier: MIT
#include "core/symbols/symbol_table.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/symbols/symbol_blob_test_util.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

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

/// Several blocks, with aliases across their borders and names longer than
/// what is compared at once, some of which differ late.
std::vector<Function> ManyFunctions() {
  std::vector<Function> functions;
  uint32_t offset = 0;
  for (uint32_t i = 0; i < 20; ++i) {
    functions.push_back({offset, 40, "vfs_f" + std::to_string(100 + i)});
    offset += 40 + i;
  }
  for (uint32_t i = 0; i < 40; ++i) {
    functions.push_back({offset, 300, "alias" + std::to_string(100 + i)});
  }
  offset += 300;
  for (uint32_t i = 0; i < 20; ++i) {
    std::string name(119 + i / 2, 'n');
    name += i % 2 == 0 ? "vfs_" : "vfs_vfs_";
    functions.push_back({offset, 4, name});
    offset += 4;
  }
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

TEST(SymbolTableTest, FindsEachOfManyByNameIndexAndAddress) {
  const std::vector<Function> functions = ManyFunctions();
  const auto blob = MakeBlob(functions);
  const auto table = SymbolTable::Open(View(blob));
  ASSERT_TRUE(table.ok());
  ASSERT_EQ(table->size(), functions.size());

  for (size_t i = 0; i < functions.size(); ++i) {
    const Function& function = functions[i];
    EXPECT_EQ(NameOf(*table, table->At(i)), function.name);
    EXPECT_EQ(table->At(i).address, kBase + function.offset);
    EXPECT_EQ(table->At(i).size, function.size);
    const auto named = table->FindByName(function.name.c_str());
    ASSERT_TRUE(named.ok()) << function.name;
    EXPECT_EQ(named->index, i);
    const auto around =
        table->FindByAddress(kBase + function.offset + function.size - 1);
    ASSERT_TRUE(around.ok());
    // The first of the aliases.
    EXPECT_EQ(around->index, i >= 20 && i < 60 ? 20 : i);
  }
}

TEST(SymbolTableTest, WritesTheBeginningOfANameThatDoesNotFit) {
  const std::vector<Function> functions = ManyFunctions();
  const auto blob = MakeBlob(functions);
  const auto table = SymbolTable::Open(View(blob));
  ASSERT_TRUE(table.ok());

  for (size_t i = 0; i < functions.size(); ++i) {
    const std::string& name = functions[i].name;
    for (size_t room = 0; room < name.size() + 9; ++room) {
      std::vector<char> to(room, '#');  // a sanitizer sees what is beyond
      EXPECT_EQ(table->CopyName(i, {to.data(), room}), name.size());
      std::string expected = name.substr(0, room);
      expected.resize(room, '#');
      EXPECT_EQ(std::string(to.data(), room), expected);
    }
  }
}

TEST(SymbolTableTest, DoesNotFindNamesThatDifferAnywhere) {
  const std::vector<Function> functions = ManyFunctions();
  const auto blob = MakeBlob(functions);
  const auto table = SymbolTable::Open(View(blob));
  ASSERT_TRUE(table.ok());

  for (const Function& function : functions) {
    for (size_t at = 0; at < function.name.size(); ++at) {
      for (char c : {'!', '~'}) {
        std::string other = function.name;
        other[at] = c;
        EXPECT_EQ(table->FindByName(other.c_str()).status(), Status::kNotFound);
      }
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
  const auto blob = MakeBlob(ManyFunctions());
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
  for (size_t at : {size_t{0}, size_t{7}, size_t{8}, size_t{11}}) {
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

TEST(SymbolTableTest, NamesHaveABoundWhateverTheirCodes) {
  for (const char* unit : {"n", "vfs_"}) {
    std::string name;
    while (name.size() < 4096) {
      name += unit;
    }
    // Alone, and as what the next one shares.
    std::vector<Function> functions = {{0, 1, name}, {1, 1, name}};
    functions[1].name.back() = '#';
    const auto longest = MakeBlob(functions);
    const auto table = SymbolTable::Open(View(longest));
    ASSERT_TRUE(table.ok());
    EXPECT_EQ(NameOf(*table, table->At(1)), functions[1].name);
    functions[1].name += "x";
    EXPECT_FALSE(SymbolTable::Open(View(MakeBlob(functions))).ok());
  }
}

TEST(SymbolTableTest, RefusesANameIndexThatIsNoPermutation) {
  // Behind the header, the codes' ends and one block.
  const size_t index_at = 32 + 512 + 8;
  for (uint8_t value : {uint8_t{1}, uint8_t{6}, uint8_t{255}}) {
    auto blob = MakeBlob(Functions());
    blob[index_at] = value;
    EXPECT_FALSE(SymbolTable::Open(View(blob)).ok()) << int{value};
  }
}

/// Everything about a table that was accepted, whatever it is of.
void Use(const SymbolTable& table) {
  for (size_t i = 0; i < table.size(); ++i) {
    const Symbol symbol = table.At(i);
    ASSERT_EQ(symbol.index, i);
    const auto around = table.FindByAddress(symbol.address);
    ASSERT_TRUE(around.ok());
    ASSERT_EQ(around->address, symbol.address);
    const std::string name = NameOf(table, symbol);
    ASSERT_NE(table.FindByName({name.data(), name.size()}).status(),
              Status::kNotFound);
  }
}

TEST(SymbolTableTest, RefusesAliasesOutOfOrder) {
  auto functions = ManyFunctions();
  for (size_t i : {30, 31}) {  // inside of a block, and at the next's begin
    std::swap(functions[i].name, functions[i + 1].name);
    EXPECT_FALSE(SymbolTable::Open(View(MakeBlob(functions))).ok());
    std::swap(functions[i].name, functions[i + 1].name);
  }
  EXPECT_TRUE(SymbolTable::Open(View(MakeBlob(functions))).ok());
}

TEST(SymbolTableTest, SurvivesEveryFlippedBit) {
  auto functions = ManyFunctions();
  functions.erase(functions.begin() + 4, functions.begin() + 16);
  functions.resize(24);  // functions, aliases, a block's border among them
  const auto blob = MakeBlob(functions);
  size_t accepted = 0;
  for (size_t bit = 0; bit < 8 * blob.size(); ++bit) {
    auto bad = blob;
    bad[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    const auto table = SymbolTable::Open(View(bad));
    if (table.ok()) {
      ++accepted;
      Use(*table);
    }
  }
  EXPECT_GT(accepted, 0u);  // some say something else that is as good
}

}  // namespace
}  // namespace ebpf
