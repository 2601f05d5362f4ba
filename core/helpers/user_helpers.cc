// SPDX-License-Identifier: MIT
//
// Helpers that read and write the running task's user memory.
#include "core/base/memory.h"
#include "core/helpers/functions.h"
#include "core/helpers/kernel_string.h"
#include "core/helpers/result.h"
#include "core/platform/nofault.h"

namespace ebpf::helpers {

/// long bpf_probe_read_user(dst, size, unsafe_ptr): 0, or -EFAULT and `dst` all
/// zero.
uint64_t ProbeReadUser(uint64_t dst, uint64_t size, uint64_t from, uint64_t,
                       uint64_t) {
  auto* to = reinterpret_cast<uint8_t*>(dst);
  const size_t bytes = static_cast<uint32_t>(size);
  if (bytes == 0 || ebpf_port_read_user_nofault(to, from, bytes)) {
    return 0;
  }
  FillBytes(to, 0, bytes);
  return AsResult(Status::kFault);
}

/// long bpf_probe_read_user_str(dst, size, unsafe_ptr): the length with the
/// zero, at most `size`; or -EFAULT and `dst` all zero.
uint64_t ProbeReadUserStr(uint64_t dst, uint64_t size, uint64_t from, uint64_t,
                          uint64_t) {
  auto* to = reinterpret_cast<char*>(dst);
  const size_t bytes = static_cast<uint32_t>(size);
  const Result<size_t> length = ReadUserString(Span<char>(to, bytes), from);
  if (length.ok()) {
    return *length;
  }
  FillBytes(to, 0, bytes);
  return AsResult(length.status());
}

/// long bpf_probe_write_user(dst, src, size): 0, or -EFAULT.
uint64_t ProbeWriteUser(uint64_t dst, uint64_t src, uint64_t size, uint64_t,
                        uint64_t) {
  const size_t bytes = static_cast<uint32_t>(size);
  return ebpf_port_write_user_nofault(
             dst, reinterpret_cast<const uint8_t*>(src), bytes)
             ? 0
             : AsResult(Status::kFault);
}

/// long bpf_copy_from_user(dst, size, user_ptr): for programs that may sleep;
/// ours do not, and a page that is not there is -EFAULT.
uint64_t CopyFromUser(uint64_t dst, uint64_t size, uint64_t from, uint64_t r4,
                      uint64_t r5) {
  return ProbeReadUser(dst, size, from, r4, r5);
}

}  // namespace ebpf::helpers
