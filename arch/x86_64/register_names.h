// SPDX-License-Identifier: MIT
//
// x86-64's registers, as Linux names them in kprobe_events.
#pragma once

#include "core/machine/register_names.h"

namespace ebpf::x86_64 {

extern const machine::RegisterNames kRegisterNames;

}  // namespace ebpf::x86_64
