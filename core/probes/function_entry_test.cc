// SPDX-License-Identifier: MIT
#include "core/probes/function_entry.h"

#include "core/machine/function_entry.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_text.h"

namespace ebpf {
namespace {

// push rbp; mov rbp, rsp; lea rax, [rdi + rsi]; pop rbp; ret
constexpr uint8_t kPlain[] = {0x55, 0x48, 0x89, 0xe5, 0x48,
                              0x8d, 0x04, 0x37, 0x5d, 0xc3};
// endbr64; lea rax, [rdi + rsi]; ret
constexpr uint8_t kMarked[] = {0xf3, 0x0f, 0x1e, 0xfa, 0x48,
                               0x8d, 0x04, 0x37, 0xc3};
// The same with a breakpoint on the mark.
constexpr uint8_t kHidden[] = {0xcc, 0x0f, 0x1e, 0xfa, 0x48,
                               0x8d, 0x04, 0x37, 0xc3};
// endbr32, which marks nothing here; ret
constexpr uint8_t kMarkedFor32[] = {0xf3, 0x0f, 0x1e, 0xfb, 0xc3,
                                    0xcc, 0xcc, 0xcc, 0xcc};
// endbr64; ret
constexpr uint8_t kShort[] = {0xf3, 0x0f, 0x1e, 0xfa, 0xc3};

TEST(FunctionEntryTest, AFunctionIsEnteredWhereItBegins) {
  const HostText text("entered", kPlain);
  EXPECT_EQ(FunctionEnteredAt(text.address()), text.address());
  for (uint64_t offset = 1; offset < sizeof(kPlain); ++offset) {
    EXPECT_EQ(FunctionEnteredAt(text.address() + offset), 0u) << offset;
  }
  EXPECT_EQ(FunctionEnteredAt(0x1000), 0u);
}

TEST(FunctionEntryTest, AndBehindWhatOnlyMarksItsBeginning) {
  for (const ConstBytes code : {ConstBytes(kMarked), ConstBytes(kHidden)}) {
    const HostText text("marked", code);
    EXPECT_EQ(machine::EntryMarkerSize(text.address()), 4u);
    EXPECT_EQ(FunctionEnteredAt(text.address()), text.address());
    EXPECT_EQ(FunctionEnteredAt(text.address() + 4), text.address());
    EXPECT_EQ(FunctionEnteredAt(text.address() + 8), 0u);
  }
  for (const ConstBytes code : {ConstBytes(kMarkedFor32), ConstBytes(kPlain)}) {
    const HostText text("not_marked", code);
    EXPECT_EQ(machine::EntryMarkerSize(text.address()), 0u);
    EXPECT_EQ(FunctionEnteredAt(text.address() + 4), 0u);
  }
  const HostText text("short", kShort);
  EXPECT_EQ(FunctionEnteredAt(text.address() + 4), 0u)
      << "too short to be looked into";
}

TEST(FunctionEntryTest, CallsThatReturnTwiceAreNotFollowed) {
  for (const char* name : {"setjmp", "_setjmp", "sigsetjmp", "__sigsetjmp",
                           "savectx", "getcontext", "vfork"}) {
    const HostText text(name, kMarked);
    EXPECT_FALSE(MayFollowAt(text.address())) << name;
    EXPECT_FALSE(MayFollowAt(text.address() + 4)) << name;
  }
  for (const char* name : {"setjmp_", "__sigsetjmp2", "set", "longjmp"}) {
    const HostText text(name, kMarked);
    EXPECT_TRUE(MayFollowAt(text.address())) << name;
    EXPECT_TRUE(MayFollowAt(text.address() + 4)) << name;
    EXPECT_FALSE(MayFollowAt(text.address() + 8)) << name;
    SetHostFollowable(text.address(), false);
    EXPECT_FALSE(MayFollowAt(text.address())) << name;
    SetHostFollowable(text.address(), true);
  }
}

TEST(FunctionEntryTest, OnlyEntriesOfWhatThePortNamesMayBeOverridden) {
  const HostText text("overridable", kMarked);
  EXPECT_FALSE(MayOverrideAt(text.address()));
  SetHostOverridable(text.address(), true);
  EXPECT_TRUE(MayOverrideAt(text.address()));
  EXPECT_TRUE(MayOverrideAt(text.address() + 4));
  EXPECT_FALSE(MayOverrideAt(text.address() + 8));
  SetHostOverridable(text.address(), false);
  EXPECT_FALSE(MayOverrideAt(text.address()));
}

}  // namespace
}  // namespace ebpf
