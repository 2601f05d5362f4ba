// SPDX-License-Identifier: MIT
//
// How functions of the kernel are left at their entries, for helpers.
#pragma once

#include <stdint.h>

#include "core/machine/pt_regs.h"

namespace ebpf {

/// What bpf_override_return calls from now on, with the registers that its
/// program was given: core/machine/function_entry.h's ReturnAtOnce. Context:
/// task, while no program runs.
void SetReturnAtOnce(void (*function)(machine::PtRegs& regs, uint64_t value));

}  // namespace ebpf
