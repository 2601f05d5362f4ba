// SPDX-License-Identifier: MIT
//
// core/platform/nofault.h: the host's kernel copies, and tells how far it came.
#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/platform/nofault.h"

extern "C" bool ebpf_port_read_nofault(void* to, uintptr_t from, size_t size) {
  const int saved_errno = errno;
  const iovec local = {to, size};
  const iovec remote = {reinterpret_cast<void*>(from), size};
  const ssize_t copied = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
  errno = saved_errno;
  return size == 0 || copied == static_cast<ssize_t>(size);
}
