// SPDX-License-Identifier: MIT
//
// core/platform/writable_text.h's implementation.
#include "core/platform/writable_text.h"

#include "core/base/noprobe.h"
#include "core/platform/cpu.h"
#include "core/platform/errors.h"
#include "core/platform/exec.h"
#include "core/platform/page_access.h"
#include "core/platform/text.h"
#include "core/platform/text_pool.h"

using ebpf::writable_text;

namespace {

constexpr size_t kMaxWrite = 64;
constexpr size_t kPageSize = 4096;

/// Whole instructions where there are some: each changes in one store, should
/// an NMI-like trap fetch it meanwhile. Takes no probe: what is written may be
/// an instruction of any other function that copies.
EBPF_NOPROBE void Store(uintptr_t to, const uint8_t* bytes, size_t size) {
  while (size >= 4 && to % 4 == 0) {
    const uint32_t word = uint32_t{bytes[0]} | uint32_t{bytes[1]} << 8 |
                          uint32_t{bytes[2]} << 16 | uint32_t{bytes[3]} << 24;
    *reinterpret_cast<volatile uint32_t*>(to) = word;
    to += 4;
    bytes += 4;
    size -= 4;
  }
  for (; size > 0; --size) {
    *reinterpret_cast<volatile uint8_t*>(to++) = *bytes++;
  }
}

}  // namespace

extern "C" {

int ebpf_port_text_write(uintptr_t to, const void* bytes, size_t size) {
  if (size == 0 || size > kMaxWrite) {
    return ebpf::kMinusInvalid;
  }
  // The bytes lie in at most two pages.
  if (!ebpf::MayPatch(to, size, writable_text.is_text) ||
      !ebpf::MayWritePage(to) || !ebpf::MayWritePage(to + size - 1)) {
    return ebpf::kMinusFault;
  }
  Store(to, static_cast<const uint8_t*>(bytes), size);
  writable_text.flush(to, size);
  return 0;
}

int ebpf_port_exec_write(void* to, const void* bytes, size_t size) {
  const auto address = reinterpret_cast<uintptr_t>(to);
  if (!ebpf::text_pool.IsTaken(address, size)) {
    return ebpf::kMinusFault;
  }
  for (uintptr_t at = address - address % kPageSize; at < address + size;
       at += kPageSize) {
    if (!ebpf::MayWritePage(at)) {
      return ebpf::kMinusFault;
    }
  }
  Store(address, static_cast<const uint8_t*>(bytes), size);
  writable_text.flush(address, size);
  if (ebpf_port_cpu_count() != 1) {
    writable_text.flush_elsewhere();
  }
  return 0;
}

}  // extern "C"
