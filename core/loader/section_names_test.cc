// SPDX-License-Identifier: MIT
#include "core/loader/section_names.h"

#include <string>

#include "gtest/gtest.h"

namespace ebpf::loader {
namespace {

std::string ToString(StringView text) { return {text.data(), text.size()}; }

TEST(SectionNamesTest, AKprobeMayLeaveItsFunctionToTheAttach) {
  Result<ProgramSection> section = ParseProgramSection("kprobe");

  ASSERT_TRUE(section.ok());
  EXPECT_EQ(section->type, ProgramTypeId::kKprobe);
  EXPECT_TRUE(section->function.empty());
}

TEST(SectionNamesTest, AKprobeNamesFunctionAndOffset) {
  Result<ProgramSection> plain = ParseProgramSection("kprobe/vfs_read");
  Result<ProgramSection> decimal = ParseProgramSection("kprobe/vfs_read+16");
  Result<ProgramSection> hex = ParseProgramSection("kprobe/vfs_read+0x1f");

  EXPECT_EQ(ToString(plain->function), "vfs_read");
  EXPECT_EQ(plain->offset, 0u);
  EXPECT_EQ(ToString(decimal->function), "vfs_read");
  EXPECT_EQ(decimal->offset, 16u);
  EXPECT_EQ(hex->offset, 0x1fu);
}

TEST(SectionNamesTest, MalformedOffsetsAreRefused) {
  for (const char* name :
       {"kprobe/", "kprobe/f+", "kprobe/f+x", "kprobe/f+0x", "kprobe/f+1g",
        "kprobe/f+99999999999999999999", "kprobe/+4"}) {
    EXPECT_EQ(ParseProgramSection(name).status(), Status::kInvalid) << name;
  }
}

TEST(SectionNamesTest, NamesOfLibbpfThatAreAbsentAreToldFromUnknownOnes) {
  EXPECT_EQ(ParseProgramSection("tracepoint/sched/sched_switch").status(),
            Status::kNotSupported);
  EXPECT_EQ(ParseProgramSection("kretprobe/f").status(), Status::kNotSupported);
  EXPECT_EQ(ParseProgramSection("kprobes/f").status(), Status::kNotFound);
  EXPECT_EQ(ParseProgramSection("").status(), Status::kNotFound);
}

TEST(SectionNamesTest, ASocketFilterHasNoTarget) {
  EXPECT_EQ(ParseProgramSection("socket")->type, ProgramTypeId::kSocketFilter);
  EXPECT_EQ(ParseProgramSection("socket/x").status(), Status::kNotFound);
}

}  // namespace
}  // namespace ebpf::loader
