// SPDX-License-Identifier: MIT
#include <vector>

#include "core/helpers/dynptr.h"
#include "core/helpers/helper_test_util.h"
#include "core/helpers/kfuncs.h"
#include "core/memory/allocator.h"
#include "core/program/run_context.h"
#include "core/program_types/packet.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

uint64_t CallKfunc(const char* name, uint64_t r1, uint64_t r2 = 0,
                   uint64_t r3 = 0, uint64_t r4 = 0) {
  return FindKfunc(name)->function(r1, r2, r3, r4, 0);
}

class DynptrKfuncsTest : public testing::Test {
 protected:
  DynptrKfuncsTest() {
    EXPECT_EQ(InitRunContexts(PortAllocator()), Status::kOk);
    for (uint8_t i = 0; i < sizeof(memory_); ++i) {
      memory_[i] = i;
    }
  }
  ~DynptrKfuncsTest() override { ExitRunContexts(); }

  uint8_t memory_[32];
  Dynptr dynptr_;
};

TEST_F(DynptrKfuncsTest, SlicesAreTheMemoryItself) {
  ASSERT_EQ(dynptr_.Set(DynptrKind::kLocal, memory_, 32, false), Status::kOk);
  const uint64_t at = Address(&dynptr_);
  EXPECT_EQ(CallKfunc("bpf_dynptr_slice", at, 4, 0, 8), Address(memory_ + 4));
  EXPECT_EQ(CallKfunc("bpf_dynptr_slice_rdwr", at, 31, 0, 1),
            Address(memory_ + 31));
  EXPECT_EQ(CallKfunc("bpf_dynptr_slice", at, 31, 0, 2), 0u);
  EXPECT_EQ(CallKfunc("bpf_dynptr_size", at), 32u);
}

TEST_F(DynptrKfuncsTest, WhatIsReadOnlyHasNoWritableSlice) {
  ASSERT_EQ(dynptr_.Set(DynptrKind::kLocal, memory_, 32, true), Status::kOk);
  const uint64_t at = Address(&dynptr_);
  EXPECT_EQ(CallKfunc("bpf_dynptr_slice_rdwr", at, 0, 0, 1), 0u);
  EXPECT_EQ(CallKfunc("bpf_dynptr_is_rdonly", at), 1u);
}

TEST_F(DynptrKfuncsTest, AdjustingLeavesAPart) {
  ASSERT_EQ(dynptr_.Set(DynptrKind::kLocal, memory_, 32, false), Status::kOk);
  const uint64_t at = Address(&dynptr_);
  EXPECT_EQ(CallKfunc("bpf_dynptr_adjust", at, 8, 16), 0u);
  EXPECT_EQ(CallKfunc("bpf_dynptr_size", at), 8u);
  EXPECT_EQ(CallKfunc("bpf_dynptr_slice", at, 0, 0, 8), Address(memory_ + 8));
  EXPECT_EQ(CallKfunc("bpf_dynptr_adjust", at, 5, 4), Negative(22));
  EXPECT_EQ(CallKfunc("bpf_dynptr_adjust", at, 0, 9), Negative(34));
}

TEST_F(DynptrKfuncsTest, NullIsNothing) {
  const uint64_t at = Address(&dynptr_);
  Dynptr clone;
  EXPECT_EQ(CallKfunc("bpf_dynptr_is_null", at), 1u);
  EXPECT_EQ(CallKfunc("bpf_dynptr_is_rdonly", at), 0u);
  EXPECT_EQ(CallKfunc("bpf_dynptr_size", at), Negative(22));
  EXPECT_EQ(CallKfunc("bpf_dynptr_slice", at, 0, 0, 1), 0u);
  EXPECT_EQ(CallKfunc("bpf_dynptr_clone", at, Address(&clone)), Negative(22));
  EXPECT_TRUE(clone.is_null());
}

TEST_F(DynptrKfuncsTest, ClonesAreAdjustedByThemselves) {
  ASSERT_EQ(dynptr_.Set(DynptrKind::kLocal, memory_, 32, false), Status::kOk);
  Dynptr clone;
  EXPECT_EQ(CallKfunc("bpf_dynptr_clone", Address(&dynptr_), Address(&clone)),
            0u);
  EXPECT_EQ(CallKfunc("bpf_dynptr_adjust", Address(&clone), 1, 2), 0u);
  EXPECT_EQ(dynptr_.size(), 32u);
  EXPECT_EQ(clone.size(), 1u);
}

TEST_F(DynptrKfuncsTest, APacketsSliceFollowsThePacket) {
  SkbContext skb = {};
  PlacePacket(skb, memory_, memory_ + 32);
  const uint64_t at = Address(&dynptr_);
  EXPECT_EQ(CallKfunc("bpf_dynptr_from_skb", Address(&skb), 1, at),
            Negative(22));
  EXPECT_EQ(CallKfunc("bpf_dynptr_from_skb", Address(&skb), 0, at), 0u);
  EXPECT_EQ(CallKfunc("bpf_dynptr_slice", at, 30, 0, 2), Address(memory_ + 30));
  // No program that may write packets runs here.
  EXPECT_EQ(CallKfunc("bpf_dynptr_is_rdonly", at), 1u);
  PlacePacket(skb, memory_ + 1, memory_ + 31);
  EXPECT_EQ(CallKfunc("bpf_dynptr_slice", at, 30, 0, 2), 0u);
  EXPECT_EQ(CallKfunc("bpf_dynptr_slice", at, 0, 0, 2), Address(memory_ + 1));
  uint16_t two = 0;
  EXPECT_EQ(Call(helper_id::dynptr_read, Address(&two), 2, at, 0, 0), 0u);
  EXPECT_EQ(two, 0x0201);
  EXPECT_EQ(Call(helper_id::dynptr_read, Address(&two), 2, at, 29, 0),
            Negative(14));
}

TEST_F(DynptrKfuncsTest, XdpPacketsAreWritable) {
  XdpContext xdp = {};
  xdp.packet = {memory_, memory_ + 32, memory_};
  xdp.frags_end = memory_ + 32;
  const uint64_t at = Address(&dynptr_);
  EXPECT_EQ(CallKfunc("bpf_dynptr_from_xdp", Address(&xdp), 0, at), 0u);
  const uint16_t two = 0xabcd;
  EXPECT_EQ(Call(helper_id::dynptr_write, at, 4, Address(&two), 2, 0), 0u);
  EXPECT_EQ(memory_[4], 0xcd);
  EXPECT_EQ(Call(helper_id::dynptr_data, at, 0, 4), 0u);
}

}  // namespace
}  // namespace ebpf
