// SPDX-License-Identifier: MIT
//
// The text quiescence: when may executable memory be reused?
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

namespace ebpf {

/// Makes sure that no CPU executes, and nothing will return into,
/// [begin, begin + size), which nothing enters any more.
///
/// Holds for text that is only ever entered from a trap handler with interrupts
/// masked and left before they are unmasked (probe slots): one rendezvous then
/// proves it, since a CPU joins it only with interrupts on. Detours and
/// trampolines, which can be interrupted, need more than this; there are none
/// yet. kBusy when a CPU did not come, kNotSupported without a rendezvous: the
/// memory must then be kept. Context: task.
Status WaitForText(uintptr_t begin, size_t size);

}  // namespace ebpf
