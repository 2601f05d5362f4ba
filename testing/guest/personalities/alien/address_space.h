// SPDX-License-Identifier: MIT
//
// The kernel's address space, as Alien builds it.
#pragma once

namespace guest::alien {

/// Identity map: text read-execute and read-only data read-only, both in 2 MiB
/// leaves; everything else in RAM read-write, not executable.
void BuildKernelAddressSpace();

}  // namespace guest::alien
