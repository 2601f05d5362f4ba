// SPDX-License-Identifier: MIT
#include "tools/cli/listing.h"

#include <nlohmann/json.hpp>

#include "gtest/gtest.h"
#include "tools/cli/engines.h"
#include "tools/cli/input.h"
#include "tools/cli/verified_program.h"

namespace ebpf::cli {
namespace {

Listing Example() {
  Listing listing;
  listing.program = "example";
  listing.machine = "x86_64";
  listing.verified = true;
  listing.code_size = 9;
  listing.entry = {{0, 1, "push rbp"}};
  SourceLine source = {"a.c", 7, 3, "  return 1;"};
  listing.insns = {{0, 0, source, "r0 = 0x1", {{1, 5, "mov eax, 1"}}},
                   {1, 1, source, "exit", {{6, 2, "leave"}, {8, 1, "ret"}}}};
  return listing;
}

TEST(ListingTest, PutsThreeColumnsSideBySide) {
  const std::string text = ListingText(Example());
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0], "example: 2 instructions, 9 bytes for x86_64");
  EXPECT_TRUE(lines[1].ends_with("|     0: push rbp"));
  EXPECT_TRUE(lines[2].starts_with("   7: return 1; "));
  EXPECT_NE(lines[2].find("|    0: r0 = 0x1 "), std::string::npos);
  EXPECT_TRUE(lines[2].ends_with("|     1: mov eax, 1"));
  // The same source line is not repeated.
  EXPECT_TRUE(lines[3].starts_with("     "));
  EXPECT_TRUE(lines[4].ends_with("|     8: ret"));
  // Columns stand below each other.
  for (size_t i = 2; i < 5; ++i) {
    EXPECT_EQ(lines[i].find('|'), lines[1].find('|'));
    EXPECT_EQ(lines[i].rfind('|'), lines[1].rfind('|'));
  }
}

TEST(ListingTest, CutsWhatIsTooLongForItsColumn) {
  Listing listing = Example();
  listing.insns[0].source->text = std::string(300, 'x');
  const std::string text = ListingText(listing);
  EXPECT_NE(text.find("x~ |"), std::string::npos);
}

TEST(ListingTest, GivesEverythingAsJson) {
  const nlohmann::json json = nlohmann::json::parse(ListingJson({Example()}));
  const nlohmann::json& program = json["programs"][0];
  EXPECT_EQ(program["name"], "example");
  EXPECT_EQ(program["code_size"], 9);
  EXPECT_EQ(program["insns"][0]["source"]["line"], 7);
  EXPECT_EQ(program["insns"][1]["code"][1]["text"], "ret");
}

TEST(ListingTest, JsonSurvivesTextInAnyEncoding) {
  Listing listing = Example();
  listing.insns[0].source->text = "\xff\xfe";
  EXPECT_NO_THROW((void)nlohmann::json::parse(ListingJson({listing})));
}

TEST(ListingTest, NamesMapsInsteadOfTheirAddresses) {
  const Runtime runtime;
  const std::string object = ReadFile("tools/cli/testdata/shapes.x86_64.bpf.o");
  const VerifiedObject loaded =
      LoadVerified({object.begin(), object.end()}, "globals");
  const Listing listing = MakeListing("globals", *loaded.programs.at(0).program,
                                      loaded.maps, {}, nullptr);
  bool named = false;
  for (const ListedInsn& insn : listing.insns) {
    named = named || insn.text.find("= .data + 0x0 ll") != std::string::npos;
    EXPECT_TRUE(insn.code.empty());
    EXPECT_FALSE(insn.source.has_value());
  }
  EXPECT_TRUE(named) << ListingText(listing);
}

}  // namespace
}  // namespace ebpf::cli
