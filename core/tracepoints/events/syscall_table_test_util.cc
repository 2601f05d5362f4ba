// SPDX-License-Identifier: MIT
//
// Linux's header for other machines is installed on every one. A source of its
// own: nothing may include this machine's numbers.
#include "core/tracepoints/events/syscall_table_test_util.h"

#include <asm-generic/unistd.h>

namespace ebpf {
namespace {

// A macro's value as text.
#define AS_TEXT(text) #text
#define VALUE(macro) AS_TEXT(macro)
#define NUMBERS(call, generic) {#call, generic, VALUE(__NR_##call)},
#define EBPF_SYSCALL0(call, x86, generic) NUMBERS(call, generic)
#define EBPF_SYSCALL1(call, x86, generic, ...) NUMBERS(call, generic)
#define EBPF_SYSCALL2(call, x86, generic, ...) NUMBERS(call, generic)
#define EBPF_SYSCALL3(call, x86, generic, ...) NUMBERS(call, generic)
#define EBPF_SYSCALL4(call, x86, generic, ...) NUMBERS(call, generic)
#define EBPF_SYSCALL5(call, x86, generic, ...) NUMBERS(call, generic)
#define EBPF_SYSCALL6(call, x86, generic, ...) NUMBERS(call, generic)

constexpr LinuxNumber kNumbers[] = {
#include "core/tracepoints/events/syscalls.def"
};

}  // namespace

Span<const LinuxNumber> LinuxNumbers() { return kNumbers; }

}  // namespace ebpf
