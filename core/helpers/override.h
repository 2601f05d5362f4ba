// SPDX-License-Identifier: MIT
//
// How functions of the kernel are left at their entries, for helpers.
#pragma once

#include <stdint.h>

#include "core/machine/pt_regs.h"

namespace ebpf {

/// core/machine/function_entry.h's ReturnAtOnce and SetReturnValue.
using OverrideFunction = void (*)(machine::PtRegs& regs, uint64_t value);

/// What bpf_override_return calls from now on, with the registers that its
/// program was given, at a function's entry and where it has returned.
/// Context: task, while no program runs.
void SetOverrides(OverrideFunction at_entry, OverrideFunction at_return);

}  // namespace ebpf
