// SPDX-License-Identifier: MIT
#include "tools/cli/kernel_image.h"

#include "gtest/gtest.h"
#include "tools/cli/failure.h"
#include "tools/cli/test_image.h"

namespace ebpf::cli {
namespace {

TestImage Image() {
  TestImage image;
  image.text.assign(64, 0x90);
  image.more.assign(16, 0x90);
  image.symbols = {{"second", 32, 8},
                   {"first", 0, 16},
                   {"alias", 0, 16},
                   {"unsized", 16, 0},
                   {"long", 40, 1000},
                   {"hidden", 0, 16, STT_FUNC, 2},
                   {"__start_ebpf_noprobe", 34, 0, STT_NOTYPE},
                   {"__stop_ebpf_noprobe", 36, 0, STT_NOTYPE},
                   {"data", 8, 8, STT_OBJECT}};
  return image;
}

std::string WhyNot(const std::string& file) {
  try {
    (void)ReadKernelImage(file, "kernel");
  } catch (const Failure& failure) {
    return failure.what();
  }
  return "";
}

TEST(KernelImageTest, ReadsFunctionsInOrderWithTheirCode) {
  const KernelImage image = ReadKernelImage(Image().Build(), "kernel");

  ASSERT_EQ(image.functions.size(), 5u);
  const KernelFunction& first = image.functions[0];
  EXPECT_EQ(first.names, (std::vector<std::string>{"alias", "first"}));
  EXPECT_EQ(first.address, TestImage::kText);
  EXPECT_EQ(first.code, std::vector<uint8_t>(16, 0x90));
  EXPECT_EQ(first.section, ".text");
  // Up to the next function, and not beyond the section.
  EXPECT_EQ(image.functions[1].names.front(), "unsized");
  EXPECT_EQ(image.functions[1].code.size(), 16u);
  EXPECT_EQ(image.functions[2].names.front(), "second");
  EXPECT_EQ(image.functions[2].code.size(), 8u);
  EXPECT_EQ(image.functions[3].code.size(), 24u);
  EXPECT_EQ(image.functions[4].section, "ebpf_noprobe");
}

TEST(KernelImageTest, KnowsWhatMayNotBeProbedBySectionsAndMarks) {
  const KernelImage image = ReadKernelImage(Image().Build(), "kernel");

  const AddressRange* section =
      FindRange(image.unprobeable, TestImage::kMore + 15);
  ASSERT_NE(section, nullptr);
  EXPECT_EQ(section->name, "ebpf_noprobe");
  EXPECT_EQ(FindRange(image.unprobeable, TestImage::kMore + 16), nullptr);
  const AddressRange* part =
      FindRange(image.unprobeable, TestImage::kText + 35);
  ASSERT_NE(part, nullptr);
  EXPECT_EQ(part->name, "ebpf_noprobe");
  EXPECT_EQ(FindRange(image.unprobeable, TestImage::kText + 33), nullptr);
  EXPECT_EQ(FindRange(image.unprobeable, TestImage::kText + 36), nullptr);
  EXPECT_EQ(FindRange(image.unprobeable, TestImage::kText), nullptr);
}

TEST(KernelImageTest, KnowsDataInsideOfTextByMappingSymbols) {
  TestImage test = Image();
  test.machine = EM_AARCH64;
  test.symbols.push_back({"$d", 8, 0, STT_NOTYPE});
  test.symbols.push_back({"$x.1", 16, 0, STT_NOTYPE});
  test.symbols.push_back({"$d.2", 48, 0, STT_NOTYPE});
  const KernelImage image = ReadKernelImage(test.Build(), "kernel");

  for (uint64_t offset = 0; offset < 64; ++offset) {
    const bool is_data = (offset >= 8 && offset < 16) || offset >= 48;
    EXPECT_EQ(FindRange(image.data, TestImage::kText + offset) != nullptr,
              is_data)
        << offset;
  }
}

TEST(KernelImageTest, KnowsTheThreeCpus) {
  TestImage test = Image();
  const std::pair<uint16_t, const char*> kCpus[] = {
      {EM_X86_64, "x86_64"}, {EM_AARCH64, "aarch64"}, {EM_RISCV, "riscv64"}};
  for (const auto& [machine, name] : kCpus) {
    test.machine = machine;
    EXPECT_STREQ(ReadKernelImage(test.Build(), "kernel").machine->name, name);
  }
}

TEST(KernelImageTest, SaysWhatIsWrongWithAFile) {
  EXPECT_EQ(WhyNot(""), "kernel: it is no ELF file");
  EXPECT_EQ(WhyNot(std::string(100, 'x')), "kernel: it is no ELF file");
  std::string file = Image().Build();
  file[EI_CLASS] = ELFCLASS32;
  EXPECT_NE(WhyNot(file).find("not a 64-bit little-endian"), std::string::npos);
  TestImage test = Image();
  test.machine = EM_S390;
  EXPECT_NE(WhyNot(test.Build()).find("its CPU (ELF machine 22) is none of"),
            std::string::npos);
  test = Image();
  test.type = ET_REL;
  EXPECT_NE(WhyNot(test.Build()).find("it is not linked"), std::string::npos);
  test = Image();
  test.stripped = true;
  EXPECT_NE(WhyNot(test.Build()).find("no symbols"), std::string::npos);
  test = Image();
  test.symbols.clear();
  EXPECT_NE(WhyNot(test.Build()).find("no function"), std::string::npos);
}

TEST(KernelImageTest, AFileThatSaysTheSameAgainAndAgainIsRefused) {
  // Symbols whose names are each other's ends: one string, many lengths.
  TestImage test = Image();
  test.symbols = {{std::string(60000, 'n'), 0, 16}};
  EXPECT_EQ(WhyNot(test.Build()), "");
  test.symbols = {{std::string(70000, 'n'), 0, 16}};
  EXPECT_NE(WhyNot(test.Build()).find("names are longer"), std::string::npos);
  test.symbols = {{std::string(60000, 'n'), 0, 16}};
  for (int i = 0; i < 1000; ++i) {
    test.symbols.push_back({"", 0, 16, STT_FUNC, 1, 1});  // the first's name
  }
  EXPECT_NE(WhyNot(test.Build()).find("names are longer"), std::string::npos);

  // Two sections of one address's code, far apart in addresses.
  test = Image();
  test.text.assign(4000, 0x90);
  test.more.assign(16, 0x90);
  test.symbols = {{"all", 0, 4000}, {"again", 0, 4000, STT_FUNC, 2}};
  test.more_is_text = true;
  EXPECT_NE(WhyNot(test.Build()).find("functions are longer"),
            std::string::npos);

  test = Image();
  test.second_table = true;
  EXPECT_NE(WhyNot(test.Build()).find("two symbol tables"), std::string::npos);
}

TEST(KernelImageTest, ASectionOfItsOwnWithItsMarksIsOneRange) {
  TestImage test = Image();
  test.symbols = {{"first", 0, 16},
                  {"__start_ebpf_noprobe", 0, 0, STT_NOTYPE, 2},
                  {"__stop_ebpf_noprobe", 16, 0, STT_NOTYPE, 2}};
  const KernelImage image = ReadKernelImage(test.Build(), "kernel");
  ASSERT_EQ(image.unprobeable.size(), 1u);
  EXPECT_EQ(image.unprobeable[0].begin, TestImage::kMore);
  EXPECT_EQ(image.unprobeable[0].end, TestImage::kMore + 16);
}

TEST(KernelImageTest, AMarkWithoutTheOtherIsNothing) {
  for (const char* name : {"__start_ebpf_noprobe", "__stop_ebpf_noprobe"}) {
    TestImage test = Image();
    test.more_name = ".more";
    test.symbols = {{"first", 0, 16}, {name, 8, 0, STT_NOTYPE}};
    EXPECT_EQ(ReadKernelImage(test.Build(), "kernel").unprobeable.size(), 0u);
  }
}

TEST(KernelImageTest, AFileThatIsCutOffAnywhereIsRefused) {
  const std::string file = Image().Build();
  for (size_t size = 0; size < file.size(); ++size) {
    // A copy, so that a sanitizer sees each byte beyond the end.
    EXPECT_NE(WhyNot(std::string(file.data(), size)), "") << size;
  }
}

TEST(KernelImageTest, SurvivesEveryChangedByte) {
  const std::string file = Image().Build();
  for (size_t at = 0; at < file.size(); ++at) {
    for (uint8_t value : {0x00, 0x01, 0x7f, 0xff}) {
      std::string bad = file;
      bad[at] = static_cast<char>(value);
      (void)WhyNot(bad);
    }
  }
}

}  // namespace
}  // namespace ebpf::cli
