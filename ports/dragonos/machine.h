// SPDX-License-Identifier: MIT
//
// What the CPU folders of this port give to the rest of it, and what they find
// there.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::dragonos {

/// KernelStack::SIZE and ALIGN: how the kernel itself finds the current task.
inline constexpr uintptr_t kStackSize = 0x8000;

/// Whether breakpoints come to us in the way that we need, as far as that can
/// be seen. Context: task.
bool HasBreakpointHook();

/// Prepares writing text. False without memory. Context: task, once.
bool PrepareTextWrites();

/// Whether all of those bytes are the kernel's text. Context: any.
bool IsText(uintptr_t address, size_t size);

/// Whether any of those bytes of text are executable memory of ours. Context:
/// any.
bool IsExecPool(uintptr_t address, size_t size);

}  // namespace ebpf::dragonos
