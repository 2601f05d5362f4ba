// SPDX-License-Identifier: MIT
//
// core/platform/text.h and exec.h, but for what may be probed, whole: for ports
// to kernels that run on one hart, with core/platform/text_pool.h for
// executable memory. Masked interrupts are all that it takes to be alone.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::riscv64 {

/// What it takes of a kernel.
struct TextKernel {
  /// Whether all of those bytes are the kernel's text. Context: any.
  bool (*is_text)(uintptr_t address, size_t size);
  /// 0 if the caller may mask interrupts and is alone then, or -errno. Context:
  /// task.
  int (*may_stop)();
  /// Has `pages` pages of text (1 or 2) from `page` on be written at `*at`,
  /// which nobody else does; 0 or -errno. Context: any, interrupts masked.
  int (*map)(uintptr_t page, size_t pages, uintptr_t* at);
  /// Undoes that. Context: as there.
  void (*unmap)(size_t pages);
};

/// The port's.
extern const TextKernel text_kernel;

}  // namespace ebpf::riscv64
