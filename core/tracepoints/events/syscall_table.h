// SPDX-License-Identifier: MIT
//
// Linux's system calls as its events syscalls:* show them: syscalls.def,
// spelt out.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/base/string_view.h"
#include "core/tracepoints/event_field.h"

namespace ebpf {

struct SyscallInfo {
  StringView enter_name;
  StringView exit_name;
  StringView enter_format;  // what is behind "print fmt: "
  Span<const EventField> enter_fields;
  int16_t x86_64;   // the call's number, or -1
  int16_t generic;  // on AArch64 and RISC-V
  uint16_t argument_count;
};

/// Of records of an entry: where its number and its arguments are, each of 8
/// bytes. Of an exit: the result is in the place of the first argument.
inline constexpr uint16_t kSyscallNumberOffset = 8;
inline constexpr uint16_t kSyscallArgumentsOffset = 16;

/// All calls. Context: any, as the next.
Span<const SyscallInfo> SyscallTable();
/// The fields and the format of each exit.
Span<const EventField> SyscallExitFields();
StringView SyscallExitFormat();

}  // namespace ebpf
