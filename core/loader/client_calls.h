// SPDX-License-Identifier: MIT
//
// bpf(2) as the loader calls it.
#pragma once

#include <stdint.h>

#include "core/base/status.h"
#include "core/files/client.h"
#include "core/loader/kernel.h"
#include "core/syscall/bpf.h"
#include "core/syscall/file_calls.h"

namespace ebpf::loader {

inline uint64_t AddressOf(const void* pointer) {
  return reinterpret_cast<uint64_t>(pointer);
}

/// A system call's result as ours: a descriptor or 0, or the errno's Status.
inline Result<int> ToResult(int64_t value) {
  if (value < 0) {
    return static_cast<Status>(-value);
  }
  return static_cast<int>(value);
}

/// bpf(2) of the kernel that `kernel` tells of: the client's, if it says
/// nothing.
template <typename Attr>
Result<int> CallBpf(Client& client, const Kernel& kernel, uint32_t command,
                    const Attr& attr) {
  return ToResult(kernel.bpf != nullptr
                      ? kernel.bpf(command, &attr, sizeof(attr))
                      : Bpf(client, command, client.Pointer(AddressOf(&attr)),
                            sizeof(attr)));
}

/// Its close(2).
inline void CallClose(Client& client, const Kernel& kernel, int fd) {
  if (kernel.close != nullptr) {
    (void)kernel.close(fd);
  } else {
    (void)Close(client, fd);
  }
}

}  // namespace ebpf::loader
