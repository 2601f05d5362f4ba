// SPDX-License-Identifier: MIT
//
// What QEMU was given as -append.
#pragma once

namespace guest::x86_64 {

/// Ends with a zero; empty if there was none. Context: any.
const char* BootArguments();

}  // namespace guest::x86_64
