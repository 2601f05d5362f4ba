// SPDX-License-Identifier: MIT
#pragma once

namespace ebpf {

/// `value`, of which the compiler forgets how it came about: so it is kept in
/// one register over a call, and not what it was made of in two. Context: any.
template <typename T>
[[gnu::always_inline]] inline T InOneRegister(T value) {
  __asm__("" : "+r"(value));
  return value;
}

}  // namespace ebpf
