// SPDX-License-Identifier: MIT
//
// What is wrong with the port on purpose: nothing, unless the image's argument
// says so.
#pragma once

#include <stdint.h>

#include "core/base/string_view.h"

namespace hermit {

/// Whether the image's argument is this one.
bool IsBroken(ebpf::StringView what);

// --- CPU by CPU: break_<cpu>.cc --------------------------------------------

/// Leaves another value in the third argument's register of `regs`, pt_regs.
void ForgetRegister(void* regs);

/// The port does not pass on the interrupts of the kernel's timer from now on.
/// Context: task, eBPF up.
void KeepTimerInterrupts();

/// Makes the page at `address` read-only; false where nobody has written how.
/// Context: task.
bool MakeReadOnly(uintptr_t address);

}  // namespace hermit
