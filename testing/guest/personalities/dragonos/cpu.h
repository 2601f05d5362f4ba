// SPDX-License-Identifier: MIT
//
// What the personality needs of each CPU that DragonOS runs on: cpu_<cpu>.cc.
#pragma once

#include <stdint.h>

namespace guest::dragonos {

/// Gives RAM and the image the real kernel's permissions; false without memory.
bool ProtectRamAndImage();

/// What QEMU's -append said.
const char* BootArguments();

/// Memory is about to be asked for: the real one's allocator is under locks,
/// which a trap may have interrupted.
void RequireTask();

}  // namespace guest::dragonos
