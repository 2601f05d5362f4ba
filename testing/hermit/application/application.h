// SPDX-License-Identifier: MIT
//
// What a test inside the real Hermit sees of its surroundings: Hermit's system
// calls, as an application of it would declare them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/string_view.h"
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

/// What stands behind "--" in QEMU's -append: the first word, or nothing.
ebpf::StringView Argument();

/// The CPU, as Bazel and QEMU call it.
extern const char kCpu[];

/// Where a task begins: Hermit starts it with interrupts masked but on x86-64,
/// and on RISC-V never lets them in by itself. Context: task.
void LetInterruptsIn();

/// Starts a task that runs `function(argument)`, of the usual priority, and
/// returns its id, negative if there is none. Context: task.
int32_t Spawn(void (*function)(uintptr_t argument), uintptr_t argument,
              size_t stack_size = 64 << 10);

/// The same on another CPU, of those that sys_get_processor_count() tells of.
int32_t SpawnOn(uint32_t cpu, void (*function)(uintptr_t argument),
                uintptr_t argument, size_t stack_size = 64 << 10);

/// The first page behind the running task's stack: Hermit leaves a hole there.
/// Context: task.
uintptr_t HoleBehindTheStack();

/// To the console. Context: any.
void Print(ebpf::StringView text);

/// Ends QEMU with this exit code. Context: any.
[[noreturn]] void Exit(int code);

}  // namespace hermit
