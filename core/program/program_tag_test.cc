// SPDX-License-Identifier: MIT
//
// The tags are those that Linux 6.18 gave; testing/linux_calls asks the host.
#include "core/program/program_tag.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

std::string TagOf(const std::vector<isa::Insn>& insns) {
  uint8_t tag[kTagSize];
  ComputeTag(isa::ConstInsns(insns.data(), insns.size()), tag);
  std::string text;
  for (const uint8_t byte : tag) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

// dst = a constant with that pseudo source; r0 = 0; exit
std::vector<isa::Insn> With(uint8_t pseudo, int32_t low, int32_t high) {
  isa::Insn first{0x18, 1, 0, 0, low};
  first.src = pseudo & 15;
  return {first, {0, 0, 0, 0, high}, {0xb7, 0, 0, 0, 0}, {0x95, 0, 0, 0, 0}};
}

TEST(ProgramTagTest, IsLinuxs) {
  EXPECT_EQ(TagOf({{0xb7, 0, 0, 0, 0}, {0x95, 0, 0, 0, 0}}),
            "59f4a931744dcdc6");
  EXPECT_EQ(TagOf(With(isa::kPseudoNone, 5, 6)), "751181cb81e552f8");
}

TEST(ProgramTagTest, DoesNotDependOnDescriptors) {
  for (const int32_t fd : {0, 3, 4, 1000}) {
    EXPECT_EQ(TagOf(With(isa::kPseudoMapFd, fd, 0)), "0bd0168676c7c779");
    EXPECT_EQ(TagOf(With(isa::kPseudoMapValue, fd, 4)), "28813e616f1f93d1");
  }
}

TEST(ProgramTagTest, DependsOnIndicesOfDescriptors) {
  EXPECT_EQ(TagOf(With(isa::kPseudoMapIdx, 1, 0)), "a21f8a2c54979fac");
  EXPECT_EQ(TagOf(With(isa::kPseudoMapIdxValue, 0, 4)), "bf2656aa796d6831");
}

}  // namespace
}  // namespace ebpf
