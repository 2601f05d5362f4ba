// SPDX-License-Identifier: MIT
//
// raw_syscalls:* of a kernel whose system calls are functions that its programs
// call, as a unikernel's are: no trap, and so no place that all of them pass.
//
// While somebody wants sys_enter there is a probe at each such function, and
// while somebody wants sys_exit one at each return; else nothing.
#pragma once

#include <stddef.h>

#include "core/base/status.h"
#include "core/base/string_view.h"
#include "core/machine/register_names.h"
#include "core/memory/allocator.h"
#include "core/tracepoints/events/syscall_events.h"

namespace ebpf {

/// How many calls were found: the functions that are called `prefix` and then
/// as one of Linux's calls ("sys_write"), have a number and can be probed.
/// Where the call has none in `numbers`, or Linux's table calls it otherwise,
/// it is told as what a C library makes of it there: sys_open as openat at the
/// working directory, sys_yield as sched_yield.
///
/// An argument that Linux's table has as 32 bits is told as that, whatever is
/// above; a result that is a negative errno in 32 bits is told as one in 64.
///
/// kNotSupported: `registers` is null, or nothing can be probed; kNotFound: no
/// such function; kExists: it did already; kNoMemory. Context: task, behind
/// InitTracepoints and InitProbes.
Result<size_t> InitSyscallFunctions(const machine::RegisterNames* registers,
                                    Allocator& allocator,
                                    SyscallNumbers numbers, StringView prefix);
/// Nobody is told of them any more. Nothing where there are none. Context:
/// task, before ExitTracepoints and ExitProbes.
void ExitSyscallFunctions();

/// Results that may have come in 32 bits. Context: any.
constexpr int64_t ResultOfFunction(uint64_t value) {
  constexpr uint64_t kHighestErrno = 4095;
  return value <= UINT32_MAX && value >= UINT32_MAX - (kHighestErrno - 1)
             ? static_cast<int32_t>(static_cast<uint32_t>(value))
             : static_cast<int64_t>(value);
}

}  // namespace ebpf
