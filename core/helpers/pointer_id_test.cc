// SPDX-License-Identifier: MIT
#include "core/helpers/pointer_id.h"

#include "core/base/memory.h"
#include "gtest/gtest.h"

namespace ebpf {
namespace {

/// The key of SipHash's published test vectors: the bytes 0 to 15.
constexpr PointerKey kVectorKey = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

TEST(PointerIdTest, IsSipHashByItsPublishedVectorOfEightBytes) {
  // Message 00 01 .. 07, from the authors' vectors_sip64.
  EXPECT_EQ(SipHash24(kVectorKey, 0x0706050403020100), 0x93f5f5799a932462u);
}

TEST(PointerIdTest, DependsOnTheKeyAndTheAddress) {
  const PointerKey other = {kVectorKey.low + 1, kVectorKey.high};
  EXPECT_EQ(PointerId(kVectorKey, 0x1000), PointerId(kVectorKey, 0x1000));
  EXPECT_NE(PointerId(kVectorKey, 0x1000), PointerId(kVectorKey, 0x1008));
  EXPECT_NE(PointerId(kVectorKey, 0x1000), PointerId(other, 0x1000));
}

}  // namespace
}  // namespace ebpf
