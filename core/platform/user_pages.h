// SPDX-License-Identifier: MIT
//
// ebpf_port_copy_from_user and ebpf_port_copy_to_user, whole, for ports whose
// kernels reach the pages of a process at addresses of their own.
#pragma once

#include <stdint.h>

namespace ebpf {

/// What they take of a kernel.
struct UserPages {
  /// Where user space ends.
  uint64_t end;
  /// Where the kernel finds the byte at `user`, and the rest of its page of
  /// 4096 bytes, of one that the process may read (or write); 0 if it may not.
  /// Brings the page in if it is not there yet. Context: task.
  uintptr_t (*find)(uintptr_t user, bool write);
};

/// The port's.
extern const UserPages user_pages;

}  // namespace ebpf
