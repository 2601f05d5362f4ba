// SPDX-License-Identifier: MIT
//
// Kinds of ASCII characters; std::isdigit and so on in the "C" locale.
#pragma once

namespace ebpf {

constexpr bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr bool IsPrintable(char c) { return c >= ' ' && c <= '~'; }
constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
/// Of a digit in a base up to 16, capital or not; 16 of anything else.
constexpr unsigned DigitValue(char c) {
  const char lower = static_cast<char>(c | 0x20);
  return IsDigit(c) ? static_cast<unsigned>(c - '0')
         : lower >= 'a' && lower <= 'f'
             ? static_cast<unsigned>(lower - 'a') + 10
             : 16;
}
constexpr bool IsPunctuation(char c) {
  return IsPrintable(c) && c != ' ' && !IsDigit(c) && !IsLetter(c);
}

}  // namespace ebpf
