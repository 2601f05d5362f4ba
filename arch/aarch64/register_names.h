// SPDX-License-Identifier: MIT
//
// AArch64's registers, as Linux names them in kprobe_events.
#pragma once

#include "core/machine/register_names.h"

namespace ebpf::aarch64 {

extern const machine::RegisterNames kRegisterNames;

}  // namespace ebpf::aarch64
