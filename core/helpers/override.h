// SPDX-License-Identifier: MIT
//
// How functions of the kernel are left at their entries, for helpers.
#pragma once

#include <stdint.h>

#include "core/machine/pt_regs.h"

namespace ebpf {

/// core/machine/function_entry.h's ReturnAtOnce.
using ReturnAtOnceFunction = void (*)(machine::PtRegs& regs, uint64_t value);

/// What bpf_override_return calls from now on, with the registers that its
/// program was given. Context: task, while no program runs.
void SetReturnAtOnce(ReturnAtOnceFunction function);

}  // namespace ebpf
