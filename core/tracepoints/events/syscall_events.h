// SPDX-License-Identifier: MIT
//
// Linux's events syscalls:sys_enter_* and sys_exit_*, one pair for each call.
//
// They are made of raw_syscalls:sys_enter and sys_exit, the only places that
// the kernel passes: while any of them is wanted, each call's number is looked
// up once. As in Linux, raw programs do not know them.
#pragma once

#include "core/base/status.h"
#include "core/memory/allocator.h"

namespace ebpf {

/// Whose numbers the kernel's calls have.
enum class SyscallNumbers : uint8_t {
  kX86_64,
  kGeneric,  // AArch64's and RISC-V's
};

/// Puts the events of all calls that have a number into TraceEvents. kNoMemory,
/// kExists: it did already. Context: task, behind InitTracepoints.
Status InitSyscallEvents(Allocator& allocator, SyscallNumbers numbers);
/// Takes them out: nobody finds them, no call is told, and none is on in the
/// trace. Those that somebody holds stay in memory up to the last one's end.
/// Context: task, before ExitTrace and ExitTracepoints; nothing where there are
/// none.
void ExitSyscallEvents();

}  // namespace ebpf
