// SPDX-License-Identifier: MIT
//
// core/platform/text.h and exec.h, but for what may be probed, whole: for ports
// to kernels whose text and executable pages no mapping may write, and which
// can interrupt their other CPUs. All of it is written through a few pages of
// addresses (text_window.h) while no other CPU runs.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "arch/x86_64/machine/text_window.h"
#include "core/platform/rendezvous.h"

namespace ebpf::x86_64 {

/// What it takes of a kernel.
struct TextKernel {
  /// Whether all of those bytes are the kernel's text. Context: any.
  bool (*is_text)(uintptr_t address, size_t size);
  /// Whether the caller may wait for the other CPUs. Context: any.
  bool (*may_stop)();

  /// As Rendezvous::Cpus. Context: any.
  bool (*is_online)(uint32_t cpu);
  void (*interrupt)(uint32_t cpu);

  /// `count` pages (a power of two), less than 2 GiB from the text, writable;
  /// null if there are none. Context: task.
  void* (*pages_alloc)(size_t count);
  void (*pages_free)(void* pages, size_t count);
  /// Changes what may be done with them and returns when no CPU has what was
  /// before in its TLB; 0 or -errno. Context: task, interrupts on.
  int (*pages_protect)(void* pages, size_t count, bool write, bool execute);
  /// Whether such pages are executable, too, when they come and go.
  bool pages_are_executable;
};

/// The port's.
extern const TextKernel text_kernel;

/// Takes TextWindow::kPages pages of addresses: TextWindow::Prepare, which says
/// more. Until then nothing is written. Context: task, once.
bool PrepareReadOnlyText(uintptr_t window, uintptr_t direct_map);

/// In the interrupt that text_kernel.interrupt sends: stands as long as text
/// changes. Takes no probe. Context: irq, interrupts masked.
void JoinRendezvous();

}  // namespace ebpf::x86_64
