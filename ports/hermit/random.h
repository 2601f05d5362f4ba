// SPDX-License-Identifier: MIT
//
// Random numbers in any context, from a seed of the kernel's.
#pragma once

#include <stdint.h>

namespace ebpf::hermit {

/// Takes a seed from the kernel. Context: task, once.
void SeedRandom();

/// The next number, with `moment` mixed in: a clock's ticks. Context: any.
uint64_t MixRandom(uint64_t moment);

}  // namespace ebpf::hermit
