// SPDX-License-Identifier: MIT
//
// What the contract's functions return where they fail: Linux's errnos
// (asm-generic/errno.h), negative, as its system calls return them.
#pragma once

namespace ebpf {

inline constexpr int kMinusNotPermitted = -1;   // EPERM
inline constexpr int kMinusNotFound = -2;       // ENOENT
inline constexpr int kMinusIo = -5;             // EIO
inline constexpr int kMinusNoSuchDevice = -6;   // ENXIO
inline constexpr int kMinusBadFd = -9;          // EBADF
inline constexpr int kMinusNoMemory = -12;      // ENOMEM
inline constexpr int kMinusFault = -14;         // EFAULT
inline constexpr int kMinusBusy = -16;          // EBUSY
inline constexpr int kMinusExists = -17;        // EEXIST
inline constexpr int kMinusInvalid = -22;       // EINVAL
inline constexpr int kMinusTooManyFiles = -24;  // EMFILE
inline constexpr int kMinusNotSupported = -95;  // EOPNOTSUPP

}  // namespace ebpf
