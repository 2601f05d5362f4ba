// SPDX-License-Identifier: MIT
//
// core/platform/nofault.h: the host kernel copies, and says where it could not.
#include <sys/uio.h>
#include <unistd.h>

#include "core/platform/nofault.h"

extern "C" bool ebpf_port_read_nofault(void* to, uintptr_t from, size_t size) {
  // A system call and nothing else, so it may be made in a signal handler. It
  // copies what comes before a fault, and returns how much that was.
  const iovec local = {to, size};
  const iovec remote = {reinterpret_cast<void*>(from), size};
  const ssize_t copied = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
  return copied >= 0 && static_cast<size_t>(copied) == size;
}
