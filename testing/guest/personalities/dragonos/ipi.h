// SPDX-License-Identifier: MIT
//
// The kernel's own interprocessor interrupts beside the port's.
#pragma once

#include "ports/dragonos/x86_64/trap_frame.h"

namespace guest::dragonos {

/// Makes every other CPU forget its cached translations, and waits for that.
/// Context: task, interrupts on.
void FlushTlbOfOthers();

/// What an interprocessor interrupt asks of this CPU, done.
void HandleIpi(dragonos_trap_frame* frame);

}  // namespace guest::dragonos
