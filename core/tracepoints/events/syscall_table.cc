// SPDX-License-Identifier: MIT
//
// core/tracepoints/events/syscall_table.h's implementation: about 150 KiB of
// fields and texts, in kernels that ask for these events.
#include "core/tracepoints/events/syscall_table.h"

namespace ebpf {
namespace {

constexpr EventField kNumber = {"int", "__syscall_nr", kSyscallNumberOffset, 4,
                                true};

/// Linux says of all of them that they are unsigned.
constexpr EventField Argument(size_t index, StringView type, StringView name) {
  return {type, name,
          static_cast<uint16_t>(kSyscallArgumentsOffset + 8 * index), 8};
}

constexpr EventField kExitFields[] = {
    kNumber, {"long", "ret", kSyscallArgumentsOffset, 8, true}};

// The fields of each call.
// clang-format off
#define EBPF_FIELDS(call, ...) \
  constexpr EventField kFieldsOf_##call[] = {kNumber __VA_OPT__(,) __VA_ARGS__};
#define EBPF_ARGUMENT(index, type, name) Argument(index, #type, #name)
#define EBPF_SYSCALL0(call, x86, generic) \
  EBPF_FIELDS(call)
#define EBPF_SYSCALL1(call, x86, generic, t0, a0) \
  EBPF_FIELDS(call, \
              EBPF_ARGUMENT(0, t0, a0))
#define EBPF_SYSCALL2(call, x86, generic, t0, a0, t1, a1) \
  EBPF_FIELDS(call, \
              EBPF_ARGUMENT(0, t0, a0), \
              EBPF_ARGUMENT(1, t1, a1))
#define EBPF_SYSCALL3(call, x86, generic, t0, a0, t1, a1, t2, a2) \
  EBPF_FIELDS(call, \
              EBPF_ARGUMENT(0, t0, a0), \
              EBPF_ARGUMENT(1, t1, a1), \
              EBPF_ARGUMENT(2, t2, a2))
#define EBPF_SYSCALL4(call, x86, generic, t0, a0, t1, a1, t2, a2, t3, a3) \
  EBPF_FIELDS(call, \
              EBPF_ARGUMENT(0, t0, a0), \
              EBPF_ARGUMENT(1, t1, a1), \
              EBPF_ARGUMENT(2, t2, a2), \
              EBPF_ARGUMENT(3, t3, a3))
#define EBPF_SYSCALL5(call, x86, generic, \
                      t0, a0, t1, a1, t2, a2, t3, a3, t4, a4) \
  EBPF_FIELDS(call, \
              EBPF_ARGUMENT(0, t0, a0), \
              EBPF_ARGUMENT(1, t1, a1), \
              EBPF_ARGUMENT(2, t2, a2), \
              EBPF_ARGUMENT(3, t3, a3), \
              EBPF_ARGUMENT(4, t4, a4))
#define EBPF_SYSCALL6(call, x86, generic, \
                      t0, a0, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5) \
  EBPF_FIELDS(call, \
              EBPF_ARGUMENT(0, t0, a0), \
              EBPF_ARGUMENT(1, t1, a1), \
              EBPF_ARGUMENT(2, t2, a2), \
              EBPF_ARGUMENT(3, t3, a3), \
              EBPF_ARGUMENT(4, t4, a4), \
              EBPF_ARGUMENT(5, t5, a5))
#include "core/tracepoints/events/syscalls.def"
#undef EBPF_SYSCALL0
#undef EBPF_SYSCALL1
#undef EBPF_SYSCALL2
#undef EBPF_SYSCALL3
#undef EBPF_SYSCALL4
#undef EBPF_SYSCALL5
#undef EBPF_SYSCALL6

// The calls; of an entry's format, how an argument is shown, and which.
#define EBPF_SHOWN(name) #name ": 0x%08lx"
#define EBPF_VALUE(name) ", ((unsigned long)(REC->" #name "))"
#define EBPF_CALL(call, x86, generic, count, shown, values) \
  {"sys_enter_" #call, "sys_exit_" #call, "\"" shown "\"" values, \
    kFieldsOf_##call, x86, generic, count},
#define EBPF_SYSCALL0(call, x86, generic) \
  EBPF_CALL(call, x86, generic, 0, "", "")
#define EBPF_SYSCALL1(call, x86, generic, t0, a0) \
  EBPF_CALL(call, x86, generic, 1, \
            EBPF_SHOWN(a0), \
            EBPF_VALUE(a0))
#define EBPF_SYSCALL2(call, x86, generic, t0, a0, t1, a1) \
  EBPF_CALL(call, x86, generic, 2, \
            EBPF_SHOWN(a0) ", " \
            EBPF_SHOWN(a1), \
            EBPF_VALUE(a0) \
            EBPF_VALUE(a1))
#define EBPF_SYSCALL3(call, x86, generic, t0, a0, t1, a1, t2, a2) \
  EBPF_CALL(call, x86, generic, 3, \
            EBPF_SHOWN(a0) ", " \
            EBPF_SHOWN(a1) ", " \
            EBPF_SHOWN(a2), \
            EBPF_VALUE(a0) \
            EBPF_VALUE(a1) \
            EBPF_VALUE(a2))
#define EBPF_SYSCALL4(call, x86, generic, t0, a0, t1, a1, t2, a2, t3, a3) \
  EBPF_CALL(call, x86, generic, 4, \
            EBPF_SHOWN(a0) ", " \
            EBPF_SHOWN(a1) ", " \
            EBPF_SHOWN(a2) ", " \
            EBPF_SHOWN(a3), \
            EBPF_VALUE(a0) \
            EBPF_VALUE(a1) \
            EBPF_VALUE(a2) \
            EBPF_VALUE(a3))
#define EBPF_SYSCALL5(call, x86, generic, \
                      t0, a0, t1, a1, t2, a2, t3, a3, t4, a4) \
  EBPF_CALL(call, x86, generic, 5, \
            EBPF_SHOWN(a0) ", " \
            EBPF_SHOWN(a1) ", " \
            EBPF_SHOWN(a2) ", " \
            EBPF_SHOWN(a3) ", " \
            EBPF_SHOWN(a4), \
            EBPF_VALUE(a0) \
            EBPF_VALUE(a1) \
            EBPF_VALUE(a2) \
            EBPF_VALUE(a3) \
            EBPF_VALUE(a4))
#define EBPF_SYSCALL6(call, x86, generic, \
                      t0, a0, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5) \
  EBPF_CALL(call, x86, generic, 6, \
            EBPF_SHOWN(a0) ", " \
            EBPF_SHOWN(a1) ", " \
            EBPF_SHOWN(a2) ", " \
            EBPF_SHOWN(a3) ", " \
            EBPF_SHOWN(a4) ", " \
            EBPF_SHOWN(a5), \
            EBPF_VALUE(a0) \
            EBPF_VALUE(a1) \
            EBPF_VALUE(a2) \
            EBPF_VALUE(a3) \
            EBPF_VALUE(a4) \
            EBPF_VALUE(a5))
constexpr SyscallInfo kSyscalls[] = {
#include "core/tracepoints/events/syscalls.def"
};
#undef EBPF_SYSCALL0
#undef EBPF_SYSCALL1
#undef EBPF_SYSCALL2
#undef EBPF_SYSCALL3
#undef EBPF_SYSCALL4
#undef EBPF_SYSCALL5
#undef EBPF_SYSCALL6
// clang-format on

}  // namespace

Span<const SyscallInfo> SyscallTable() { return kSyscalls; }

Span<const EventField> SyscallExitFields() { return kExitFields; }

StringView SyscallExitFormat() { return "\"0x%lx\", REC->ret"; }

}  // namespace ebpf
