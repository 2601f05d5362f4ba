// SPDX-License-Identifier: MIT
#include "core/verifier/reg_state.h"

#include <string>

#include "gtest/gtest.h"

namespace ebpf::verifier {
namespace {

TEST(RegStateTest, ZeroBytesAreUninitialized) {
  const RegState reg{};
  EXPECT_EQ(reg.type, RegType::kUninitialized);
  EXPECT_FALSE(reg.IsPointer());
  EXPECT_FALSE(reg.IsScalar());
}

TEST(RegStateTest, NullIsTheConstantZero) {
  EXPECT_TRUE(RegState::Constant(0).IsNull());
  EXPECT_FALSE(RegState::Constant(1).IsNull());
  EXPECT_FALSE(RegState::UnknownScalar().IsNull());
  EXPECT_FALSE(RegState::Pointer(RegType::kStack).IsNull());
}

TEST(RegStateTest, TypesHaveLinuxsNames) {
  RegState value = RegState::Pointer(RegType::kMapValue);
  EXPECT_EQ(std::string(TypeName(value)), "map_value");
  value.maybe_null = true;
  EXPECT_EQ(std::string(TypeName(value)), "map_value_or_null");
  EXPECT_EQ(std::string(TypeName(RegState::Pointer(RegType::kRingRecord))),
            std::string("ringbuf_mem"));
  EXPECT_EQ(std::string(TypeName(RegState::UnknownScalar())), "scalar");
}

TEST(RegStateTest, OnlyCheckedMemoryIsKnownNotToBeNull) {
  RegState value = RegState::Pointer(RegType::kMapValue);
  EXPECT_TRUE(IsKnownNotNull(value));
  value.maybe_null = true;
  EXPECT_FALSE(IsKnownNotNull(value));
  EXPECT_FALSE(IsKnownNotNull(RegState::Pointer(RegType::kContext)));
  EXPECT_FALSE(IsKnownNotNull(RegState::Constant(5)));
}

}  // namespace
}  // namespace ebpf::verifier
