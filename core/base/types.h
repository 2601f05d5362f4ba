// SPDX-License-Identifier: MIT
//
// The type traits, concepts and small functions of <type_traits>, <concepts>
// and <utility> that core uses, under the same names.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf {

template <typename T>
struct RemoveReference {
  using Type = T;
};
template <typename T>
struct RemoveReference<T&> {
  using Type = T;
};
template <typename T>
struct RemoveReference<T&&> {
  using Type = T;
};
template <typename T>
struct RemoveConst {
  using Type = T;
};
template <typename T>
struct RemoveConst<const T> {
  using Type = T;
};
template <typename T>
using RemoveCvRef =
    typename RemoveConst<typename RemoveReference<T>::Type>::Type;

template <typename A, typename B>
inline constexpr bool kIsSame = false;
template <typename A>
inline constexpr bool kIsSame<A, A> = true;

/// std::same_as.
template <typename A, typename B>
concept SameAs = kIsSame<A, B>;

/// std::derived_from, for public, unambiguous bases.
template <typename D, typename B>
concept DerivedFrom =
    __is_base_of(B, D) && requires(D* d) { static_cast<B*>(d); };

/// std::is_trivially_copyable_v.
template <typename T>
concept TriviallyCopyable = __is_trivially_copyable(T);

/// Any built-in integer but bool and character types.
template <typename T>
concept Integer =
    kIsSame<T, signed char> || kIsSame<T, unsigned char> || kIsSame<T, short> ||
    kIsSame<T, unsigned short> || kIsSame<T, int> || kIsSame<T, unsigned int> ||
    kIsSame<T, long> || kIsSame<T, unsigned long> || kIsSame<T, long long> ||
    kIsSame<T, unsigned long long>;

template <typename T>
concept UnsignedInteger = Integer<T> && (static_cast<T>(-1) > T{0});

/// std::move.
template <typename T>
constexpr typename RemoveReference<T>::Type&& Move(T&& value) noexcept {
  return static_cast<typename RemoveReference<T>::Type&&>(value);
}

/// std::forward.
template <typename T>
constexpr T&& Forward(typename RemoveReference<T>::Type& value) noexcept {
  return static_cast<T&&>(value);
}
template <typename T>
constexpr T&& Forward(typename RemoveReference<T>::Type&& value) noexcept {
  return static_cast<T&&>(value);
}

template <typename T>
constexpr void Swap(T& a, T& b) {
  T old = Move(a);
  a = Move(b);
  b = Move(old);
}

/// std::exchange.
template <typename T, typename U = T>
constexpr T Exchange(T& object, U&& value) {
  T old = Move(object);
  object = Forward<U>(value);
  return old;
}

template <typename T>
constexpr const T& Min(const T& a, const T& b) {
  return b < a ? b : a;
}

template <typename T>
constexpr const T& Max(const T& a, const T& b) {
  return a < b ? b : a;
}

/// A base that forbids copying and moving.
class NonCopyable {
 public:
  NonCopyable(const NonCopyable&) = delete;
  NonCopyable& operator=(const NonCopyable&) = delete;

 protected:
  constexpr NonCopyable() = default;
  ~NonCopyable() = default;
};

}  // namespace ebpf
