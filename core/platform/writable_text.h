// SPDX-License-Identifier: MIT
//
// ebpf_port_text_write and ebpf_port_exec_write, whole, for ports to kernels
// whose text can be written where it lies, as far as page_access.h says so,
// with text_pool.h for executable memory.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf {

/// What they take of a kernel.
struct WritableText {
  /// Whether all of those bytes are the kernel's text; not asked of text_pool.
  /// Context: any.
  bool (*is_text)(uintptr_t address, size_t size);
  /// Has this CPU fetch what was written to [address, address + size), and the
  /// others as far as they need not do that themselves. Context: any.
  void (*flush)(uintptr_t address, size_t size);
  /// Has all other CPUs fetch it, where no rendezvous does. Context: task.
  void (*flush_elsewhere)();
};

/// The port's.
extern const WritableText writable_text;

}  // namespace ebpf
