// SPDX-License-Identifier: MIT
//
// pt_regs of a CPU, as who names registers in text asks for them.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/base/string_view.h"

namespace ebpf::machine {

/// A register, and where pt_regs has its eight bytes.
struct RegisterName {
  StringView name;  // Linux's: as in kprobe_events, without '%'
  uint16_t offset;
};

/// What a CPU's calling convention makes of them.
struct RegisterNames {
  Span<const RegisterName> all;
  /// Of the first arguments of a function, at its entry.
  Span<const uint16_t> arguments;
  uint16_t stack_pointer = 0;
  uint16_t return_value = 0;
  /// Further arguments lie on the stack, so many words above the stack pointer;
  /// 0: nobody says where.
  uint8_t stack_arguments = 0;
};

}  // namespace ebpf::machine
