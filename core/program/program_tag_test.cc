// SPDX-License-Identifier: MIT
//
// The tags are those that Linux gives up to 6.17 (the first is what bpftool
// shows of many little programs); testing/linux_calls asks the host, by its own
// kind of hash.
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
            "a04f5eef06a7f555");
  EXPECT_EQ(TagOf(With(isa::kPseudoNone, 5, 6)), "01973259b23ec5d1");
}

TEST(ProgramTagTest, DoesNotDependOnDescriptors) {
  for (const int32_t fd : {0, 3, 4, 1000}) {
    EXPECT_EQ(TagOf(With(isa::kPseudoMapFd, fd, 0)), "2c24d7c519a868e3");
    EXPECT_EQ(TagOf(With(isa::kPseudoMapValue, fd, 4)), "e76de9ef2eb663cb");
  }
}

TEST(ProgramTagTest, DependsOnIndicesOfDescriptors) {
  EXPECT_EQ(TagOf(With(isa::kPseudoMapIdx, 1, 0)), "32e24cd658d63a92");
  EXPECT_EQ(TagOf(With(isa::kPseudoMapIdxValue, 0, 4)), "0439dfc0f0163fd1");
}

}  // namespace
}  // namespace ebpf
