// SPDX-License-Identifier: MIT
//
// core/platform/memory.h, whole, for ports to kernels that die where an
// allocator has no memory: what eBPF may have of theirs is counted, and what
// goes beyond is refused before they are asked.
#pragma once

#include <stddef.h>

namespace ebpf {

/// What it takes of a kernel.
struct BudgetedMemory {
  /// Bytes that eBPF may have at a time, and the kernel has for certain.
  size_t budget;
  /// Memory with anything in it, which is never null. Context: task.
  void* (*alloc)(size_t size, size_t align);
  /// Gives back what that returned for the same `size` and `align`. Context:
  /// task.
  void (*free)(void* memory, size_t size, size_t align);
};

/// The port's.
extern const BudgetedMemory budgeted_memory;

}  // namespace ebpf
