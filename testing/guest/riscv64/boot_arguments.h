// SPDX-License-Identifier: MIT
//
// What QEMU's -append said.
#pragma once

namespace guest::riscv64 {

/// Up to 63 characters, empty if there were none.
const char* BootArguments();

}  // namespace guest::riscv64
