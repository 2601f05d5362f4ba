// SPDX-License-Identifier: MIT
#include "core/helpers/dynptr.h"

#include "gtest/gtest.h"

namespace ebpf {
namespace {

TEST(DynptrTest, IsNullUntilItIsSet) {
  uint8_t memory[8];
  Dynptr dynptr;
  EXPECT_TRUE(dynptr.is_null());
  EXPECT_EQ(dynptr.Set(DynptrKind::kLocal, memory, 8, true), Status::kOk);
  EXPECT_FALSE(dynptr.is_null());
  EXPECT_TRUE(dynptr.read_only());
  EXPECT_EQ(dynptr.kind(), DynptrKind::kLocal);
  EXPECT_EQ(dynptr.size(), 8u);
  dynptr.SetNull();
  EXPECT_TRUE(dynptr.is_null());
  EXPECT_EQ(dynptr.size(), 0u);
}

TEST(DynptrTest, HasAtMost24BitsOfSize) {
  uint8_t memory[8];
  Dynptr dynptr;
  EXPECT_EQ(dynptr.Set(DynptrKind::kLocal, memory, 0xffffff, false),
            Status::kOk);
  EXPECT_EQ(dynptr.size(), 0xffffffu);
  EXPECT_EQ(dynptr.Set(DynptrKind::kLocal, memory, 0x1000000, false),
            Status::kTooBig);
  EXPECT_TRUE(dynptr.is_null());
}

TEST(DynptrTest, APieceLiesWithin) {
  uint8_t memory[16];
  Dynptr dynptr;
  ASSERT_EQ(dynptr.Set(DynptrKind::kLocal, memory, 16, false), Status::kOk);
  EXPECT_EQ(dynptr.Piece(4, 12)->data(), memory + 4);
  EXPECT_EQ(dynptr.Piece(16, 0)->size(), 0u);
  EXPECT_EQ(dynptr.Piece(5, 12).status(), Status::kTooBig);
  EXPECT_EQ(dynptr.Piece(0, 17).status(), Status::kTooBig);
  EXPECT_EQ(dynptr.Piece(UINT64_MAX, 1).status(), Status::kTooBig);
}

TEST(DynptrTest, AdjustingLeavesAPart) {
  uint8_t memory[16];
  Dynptr dynptr;
  EXPECT_EQ(dynptr.Adjust(0, 0), Status::kInvalid);
  ASSERT_EQ(dynptr.Set(DynptrKind::kLocal, memory, 16, false), Status::kOk);
  EXPECT_EQ(dynptr.Adjust(4, 14), Status::kOk);
  EXPECT_EQ(dynptr.size(), 10u);
  EXPECT_EQ(dynptr.Adjust(2, 10), Status::kOk);
  EXPECT_EQ(dynptr.size(), 8u);
  EXPECT_EQ(dynptr.Piece(0, 8)->data(), memory + 6);
  EXPECT_EQ(dynptr.begin(), 6u);
  EXPECT_EQ(dynptr.object(), memory);
  EXPECT_EQ(dynptr.Adjust(3, 2), Status::kInvalid);
  EXPECT_EQ(dynptr.Adjust(0, 9), Status::kOutOfRange);
  EXPECT_EQ(dynptr.size(), 8u);
}

}  // namespace
}  // namespace ebpf
