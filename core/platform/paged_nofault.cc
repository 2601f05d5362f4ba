// SPDX-License-Identifier: MIT
//
// core/platform/nofault.h page by page: page_access.h.
#include "core/base/types.h"
#include "core/platform/copy_nofault.h"
#include "core/platform/errors.h"
#include "core/platform/nofault.h"
#include "core/platform/page_access.h"

namespace {

constexpr size_t kPageSize = 4096;

}  // namespace

extern "C" bool ebpf_port_read_nofault(void* to, uintptr_t from, size_t size) {
  auto* out = static_cast<uint8_t*>(to);
  while (size > 0) {
    const size_t piece = ebpf::Min(size, kPageSize - from % kPageSize);
    if (!ebpf::MayReadPage(from) || !ebpf_copy_nofault(out, from, piece)) {
      return false;
    }
    out += piece;
    from += piece;  // wraps to address 0, which is not mapped
    size -= piece;
  }
  return true;
}

extern "C" int ebpf_port_write_nofault(uintptr_t to, const void* from,
                                       size_t size) {
  auto in = reinterpret_cast<uintptr_t>(from);
  while (size > 0) {
    const size_t piece = ebpf::Min(size, kPageSize - to % kPageSize);
    if (!ebpf::MayWritePage(to) ||
        !ebpf_copy_nofault(reinterpret_cast<void*>(to), in, piece)) {
      return ebpf::kMinusFault;
    }
    in += piece;
    to += piece;  // wraps to address 0, which is not mapped
    size -= piece;
  }
  return 0;
}
