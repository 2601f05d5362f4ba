// SPDX-License-Identifier: MIT
//
// bpf(2) as the loader calls it.
#pragma once

#include <stdint.h>

#include "core/base/status.h"
#include "core/files/client.h"
#include "core/syscall/bpf.h"

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

template <typename Attr>
Result<int> CallBpf(Client& client, uint32_t command, const Attr& attr) {
  return ToResult(
      Bpf(client, command, client.Pointer(AddressOf(&attr)), sizeof(attr)));
}

}  // namespace ebpf::loader
