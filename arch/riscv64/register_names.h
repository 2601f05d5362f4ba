// SPDX-License-Identifier: MIT
//
// RISC-V's registers, as Linux names them in kprobe_events.
#pragma once

#include "core/machine/register_names.h"

namespace ebpf::riscv64 {

extern const machine::RegisterNames kRegisterNames;

}  // namespace ebpf::riscv64
