// SPDX-License-Identifier: MIT
//
// Against <type_traits>, <concepts> and <utility>, whose names they have.
#include "core/base/types.h"

#include <algorithm>
#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

#include "gtest/gtest.h"

namespace ebpf {
namespace {

struct Plain {
  int member;
};
struct Derived : Plain {};
class Hidden : Plain {};
struct WithCopy {
  WithCopy(const WithCopy& /*other*/) {}
};
enum Unscoped { kValue };

template <typename T>
constexpr bool SameTraits() {
  return std::is_same_v<typename RemoveReference<T>::Type,
                        std::remove_reference_t<T>> &&
         std::is_same_v<typename RemoveConst<T>::Type,
                        std::remove_const_t<T>> &&
         TriviallyCopyable<RemoveCvRef<T>> ==
             std::is_trivially_copyable_v<std::remove_cvref_t<T>>;
}
static_assert(SameTraits<int>() && SameTraits<const int&>());
static_assert(SameTraits<const int>() && SameTraits<int&&>());
static_assert(SameTraits<Plain&>() && SameTraits<const WithCopy&>());

template <typename A, typename B>
constexpr bool SameRelations() {
  return SameAs<A, B> == std::same_as<A, B> &&
         DerivedFrom<A, B> == std::derived_from<A, B>;
}
static_assert(SameRelations<int, int>() && SameRelations<int, const int>());
static_assert(SameRelations<Derived, Plain>());
static_assert(SameRelations<Plain, Derived>());
static_assert(SameRelations<Hidden, Plain>());

// Integers of any width, but neither bool, characters nor enumerations.
static_assert(Integer<int> && Integer<unsigned char> && Integer<long long>);
static_assert(Integer<uint8_t> && Integer<int64_t> && Integer<size_t>);
static_assert(!Integer<bool> && !Integer<char> && !Integer<Unscoped>);
static_assert(!Integer<float> && !Integer<int*>);
static_assert(UnsignedInteger<uint64_t> && !UnsignedInteger<int64_t>);

TEST(TypesTest, MoveAndForwardAreStds) {
  static_assert(std::is_same_v<decltype(Move(std::declval<int&>())),
                               decltype(std::move(std::declval<int&>()))>);
  auto pointer = std::make_unique<int>(5);
  const std::unique_ptr<int> moved = Move(pointer);
  EXPECT_EQ(pointer, nullptr);
  EXPECT_EQ(*moved, 5);
  int value = 0;
  static_assert(std::is_same_v<decltype(Forward<int&>(value)), int&>);
  static_assert(std::is_same_v<decltype(Forward<int>(value)), int&&>);
}

TEST(TypesTest, SwapAndExchangeAreStds) {
  auto a = std::make_unique<int>(1);
  auto b = std::make_unique<int>(2);
  Swap(a, b);
  EXPECT_EQ(*a, 2);
  EXPECT_EQ(*b, 1);
  const std::unique_ptr<int> old = Exchange(a, nullptr);
  EXPECT_EQ(*old, 2);
  EXPECT_EQ(a, nullptr);
}

TEST(TypesTest, MinAndMaxAreStds) {
  for (const int a : {-1, 0, 1, 7}) {
    for (const int b : {-1, 0, 1, 7}) {
      EXPECT_EQ(&Min(a, b), &std::min(a, b));
      EXPECT_EQ(&Max(a, b), &std::max(a, b));
    }
  }
}

}  // namespace
}  // namespace ebpf
