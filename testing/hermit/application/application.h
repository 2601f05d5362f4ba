// SPDX-License-Identifier: MIT
//
// What a test inside the real Hermit sees of its surroundings: Hermit's system
// calls, as an application of it would declare them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ports/hermit/kernel.h"

extern "C" {

inline constexpr int32_t kHermitReadWrite = 2;
inline constexpr int32_t kHermitCreate = 0100;
inline constexpr int32_t kHermitTruncate = 01000;

int32_t sys_getpid(void);
int32_t sys_open(const char* name, int32_t flags, uint32_t mode);
int32_t sys_close(int32_t fd);
ptrdiff_t sys_write(int32_t fd, const uint8_t* bytes, size_t size);
ptrdiff_t sys_read(int32_t fd, uint8_t* bytes, size_t size);
ptrdiff_t sys_lseek(int32_t fd, ptrdiff_t offset, int32_t whence);
int32_t sys_unlink(const char* name);
/// Waits for a task's end.
int32_t sys_join(int32_t task);
void sys_yield(void);

}  // extern "C"

namespace hermit {

/// The body of an image, run as Hermit's first task; what it returns is whether
/// it passed. Each image defines its own.
bool RunApplication();

/// Ends QEMU with this exit code. Context: any.
[[noreturn]] void Exit(int code);

}  // namespace hermit
