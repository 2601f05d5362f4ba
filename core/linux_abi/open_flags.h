// SPDX-License-Identifier: MIT
//
// open(2)'s flags that files of ours look at: include/uapi/asm-generic/fcntl.h,
// the same on all CPUs of this tree.
#pragma once

#include <stdint.h>

namespace ebpf::linux_abi {

inline constexpr uint32_t kOpenReadOnly = 0;
inline constexpr uint32_t kOpenWriteOnly = 1;
inline constexpr uint32_t kOpenReadWrite = 2;
inline constexpr uint32_t kOpenAccessMode = 3;
inline constexpr uint32_t kOpenTruncate = 01000;
inline constexpr uint32_t kOpenAppend = 02000;

}  // namespace ebpf::linux_abi
