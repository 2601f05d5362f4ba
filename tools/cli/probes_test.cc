// SPDX-License-Identifier: MIT
#include "tools/cli/probes.h"

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

#include "gtest/gtest.h"
#include "tools/cli/failure.h"
#include "tools/cli/test_image.h"

namespace ebpf::cli {
namespace {

/// A file with this image, for the length of a test.
class ImageFile {
 public:
  explicit ImageFile(const TestImage& image) {
    const char* directory = std::getenv("TEST_TMPDIR");
    path_ = std::string(directory != nullptr ? directory : ".") + "/kernel.elf";
    const std::string bytes = image.Build();
    std::ofstream(path_, std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  ~ImageFile() { std::remove(path_.c_str()); }
  ImageFile(const ImageFile&) = delete;
  ImageFile& operator=(const ImageFile&) = delete;

  ProbesOptions Options() const {
    ProbesOptions options;
    options.file = path_;
    return options;
  }

 private:
  std::string path_;
};

/// vfs_open: push rbp; pop rbp; ret. vfs_stop: hlt; ret.
TestImage Image() {
  TestImage image;
  image.text = {0x55, 0x5d, 0xc3, 0xf4, 0xc3};
  image.symbols = {{"vfs_open", 0, 3}, {"vfs_alias", 0, 3}, {"vfs_stop", 3, 2}};
  return image;
}

TEST(ProbesTest, ListsFunctionsAndSums) {
  const ImageFile file(Image());
  const std::string text = Probes(file.Options());
  EXPECT_NE(text.find("function  "), std::string::npos) << text;
  EXPECT_NE(text.find("\nvfs_alias "), std::string::npos) << text;
  EXPECT_NE(text.find("  not this instruction: hlt\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("\nx86_64: 2 functions, 5 instructions\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("\n    not this instruction: hlt  "), std::string::npos);
  EXPECT_NE(text.find("  1   20.00 %\n  functions that are ours "),
            std::string::npos)
      << text;
}

/// A breakpoint's own way is a price of having kprobes, and not of the kernel:
/// what can be probed of it is a share of the rest.
TEST(ProbesTest, WhatIsOursIsAClassOfItsOwn) {
  TestImage image = Image();
  image.more = {0x55, 0x5d, 0xc3};  // in ebpf_noprobe
  image.symbols.push_back({"ebpf_on_breakpoint", 0, 3, STT_FUNC, 2});
  const ImageFile file(image);
  ProbesOptions options = file.Options();
  const std::string text = Probes(options);
  EXPECT_NE(text.find("\n  ours: on a breakpoint's own way "),
            std::string::npos)
      << text;
  EXPECT_TRUE(
      std::regex_search(text, std::regex("functions that are ours +1\n")))
      << text;
  EXPECT_NE(text.find(" 1   50.00 %\n"), std::string::npos) << text;
  options.json = true;
  const nlohmann::json totals =
      nlohmann::json::parse(Probes(options))["totals"];
  EXPECT_EQ(totals["insns"], 8);
  EXPECT_EQ(totals["ours"], 3);
  EXPECT_EQ(totals["refused"], 1);
  EXPECT_EQ(totals["functions"], 3);
  EXPECT_EQ(totals["own_functions"], 1);
  EXPECT_EQ(totals["entries"], 1);
}

TEST(ProbesTest, NamesDoNothingToATerminal) {
  TestImage image = Image();
  image.symbols[1].name = "vfs\x1b[2J\n";
  const ImageFile file(image);
  ProbesOptions options = file.Options();
  EXPECT_NE(Probes(options).find("vfs?[2J?"), std::string::npos);
  options.function = "vfs*";
  const std::string text = Probes(options);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("vfs?[2J?\n"), std::string::npos);
}

/// As SEC("kprobe.multi/...") has them: nothing but '*' and '?', and in a time
/// that grows with their lengths.
TEST(ProbesTest, PatternsAreThoseOfTheLoader) {
  TestImage image = Image();
  image.symbols[0].name = "vfs[open]";
  image.symbols[1].name = std::string(300, 'a');
  const ImageFile file(image);
  ProbesOptions options = file.Options();
  options.function = "vfs[open]";
  EXPECT_NO_THROW(Probes(options));
  std::string stars;
  for (int i = 0; i < 100; ++i) {
    stars += "a*";
  }
  options.function = stars + "b";
  EXPECT_THROW(Probes(options), Failure);
  options.function = stars;
  EXPECT_NO_THROW(Probes(options));
}

TEST(ProbesTest, ListsEachInstructionOfTheFunctionsAskedFor) {
  const ImageFile file(Image());
  ProbesOptions options = file.Options();
  options.function = "vfs_s*";
  const std::string text = Probes(options);
  EXPECT_TRUE(
      text.starts_with("vfs_stop\n  0xffff800000100003, 2 bytes in "
                       ".text\n  +0x0     hlt "))
      << text;
  EXPECT_NE(text.find("refused: not this instruction: hlt\n"),
            std::string::npos);
  EXPECT_EQ(text.find("vfs_open"), std::string::npos);
  // Any of several names, and none.
  options.function = "vfs_open";
  EXPECT_TRUE(Probes(options).starts_with("vfs_alias\nvfs_open\n"));
  options.function = "vfs";
  EXPECT_THROW(Probes(options), Failure);
}

TEST(ProbesTest, GivesTheSameAsJson) {
  const ImageFile file(Image());
  ProbesOptions options = file.Options();
  options.json = true;
  nlohmann::json json = nlohmann::json::parse(Probes(options));
  EXPECT_EQ(json["machine"], "x86_64");
  ASSERT_EQ(json["functions"].size(), 2u);
  EXPECT_EQ(json["functions"][0]["name"], "vfs_alias");
  EXPECT_EQ(json["functions"][0]["aliases"], nlohmann::json({"vfs_open"}));
  EXPECT_EQ(json["functions"][0]["emulated"], 3);
  EXPECT_FALSE(json["functions"][0].contains("list"));
  EXPECT_EQ(json["totals"]["insns"], 5);
  EXPECT_EQ(json["totals"]["refused"], 1);
  EXPECT_EQ(json["totals"]["how"]["emulated"], 4);
  EXPECT_EQ(json["totals"]["why"]["not this instruction: hlt"], 1);
  EXPECT_EQ(json["totals"]["entries"], 1);

  options.function = "*";
  json = nlohmann::json::parse(Probes(options));
  const nlohmann::json& list = json["functions"][1]["list"];
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0]["why"], "not this instruction: hlt");
  EXPECT_FALSE(list[0].contains("how"));
  EXPECT_EQ(list[1]["how"], "emulated");
  EXPECT_EQ(list[1]["offset"], 1);
  EXPECT_EQ(list[1]["text"], "ret");
}

TEST(ProbesTest, AsksWhatTheTrapsStubCanDo) {
  TestImage image = Image();
  image.text = {0x9d, 0xc3};  // popf; ret
  image.symbols = {{"f", 0, 2}};
  const ImageFile file(image);
  ProbesOptions options = file.Options();
  options.json = true;
  EXPECT_EQ(nlohmann::json::parse(Probes(options))["totals"]["refused"], 0);
  options.stub = "none";
  EXPECT_EQ(nlohmann::json::parse(Probes(options))["totals"]["why"],
            (nlohmann::json{{"the trap's stub cannot do it", 1}}));
}

TEST(ProbesTest, RefusesWhatIsNoKernel) {
  ProbesOptions options;
  options.file = "tools/cli/testdata/shapes.x86_64.bpf.o";
  EXPECT_THROW(Probes(options), Failure);
  options.file = "no/such/file";
  EXPECT_THROW(Probes(options), Failure);
}

}  // namespace
}  // namespace ebpf::cli
