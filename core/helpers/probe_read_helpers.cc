// SPDX-License-Identifier: MIT
//
// Helpers that read kernel memory at any address.
#include "core/base/memory.h"
#include "core/helpers/functions.h"
#include "core/helpers/kernel_string.h"
#include "core/helpers/result.h"
#include "core/platform/nofault.h"

namespace ebpf::helpers {

/// long bpf_probe_read_kernel(dst, size, unsafe_ptr): 0, or -EFAULT and `dst`
/// all zero.
uint64_t ProbeReadKernel(uint64_t dst, uint64_t size, uint64_t from, uint64_t,
                         uint64_t) {
  auto* to = reinterpret_cast<uint8_t*>(dst);
  const size_t bytes = static_cast<uint32_t>(size);
  if (bytes == 0 ||
      ebpf_port_read_nofault(to, static_cast<uintptr_t>(from), bytes)) {
    return 0;
  }
  FillBytes(to, 0, bytes);
  return AsResult(Status::kFault);
}

/// long bpf_probe_read_kernel_str(dst, size, unsafe_ptr): the length with the
/// zero, at most `size`; or -EFAULT and `dst` all zero.
uint64_t ProbeReadKernelStr(uint64_t dst, uint64_t size, uint64_t from,
                            uint64_t, uint64_t) {
  auto* to = reinterpret_cast<char*>(dst);
  const size_t bytes = static_cast<uint32_t>(size);
  const Result<size_t> length = ReadKernelString(Span<char>(to, bytes), from);
  if (length.ok()) {
    return *length;
  }
  FillBytes(to, 0, bytes);
  return AsResult(length.status());
}

// The old names, whose address may be the kernel's or a process's: what is not
// there in the kernel is looked for in user memory, which a port keeps apart.

/// long bpf_probe_read(dst, size, unsafe_ptr)
uint64_t ProbeRead(uint64_t dst, uint64_t size, uint64_t from, uint64_t r4,
                   uint64_t r5) {
  const uint64_t result = ProbeReadKernel(dst, size, from, r4, r5);
  return result == 0 ? 0 : ProbeReadUser(dst, size, from, r4, r5);
}

/// long bpf_probe_read_str(dst, size, unsafe_ptr)
uint64_t ProbeReadStr(uint64_t dst, uint64_t size, uint64_t from, uint64_t r4,
                      uint64_t r5) {
  const uint64_t result = ProbeReadKernelStr(dst, size, from, r4, r5);
  return static_cast<int64_t>(result) >= 0
             ? result
             : ProbeReadUserStr(dst, size, from, r4, r5);
}

}  // namespace ebpf::helpers
