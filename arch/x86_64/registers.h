// SPDX-License-Identifier: MIT
//
// x86-64's registers by the numbers that instructions have for them.
#pragma once

namespace ebpf::x86_64 {

inline constexpr unsigned kRax = 0;
inline constexpr unsigned kRcx = 1;
inline constexpr unsigned kRdx = 2;
inline constexpr unsigned kRbx = 3;
inline constexpr unsigned kRsp = 4;
inline constexpr unsigned kRbp = 5;
inline constexpr unsigned kRsi = 6;
inline constexpr unsigned kRdi = 7;
inline constexpr unsigned kR8 = 8;
inline constexpr unsigned kR9 = 9;
inline constexpr unsigned kR10 = 10;
inline constexpr unsigned kR11 = 11;
inline constexpr unsigned kR12 = 12;
inline constexpr unsigned kR13 = 13;
inline constexpr unsigned kR14 = 14;
inline constexpr unsigned kR15 = 15;

}  // namespace ebpf::x86_64
