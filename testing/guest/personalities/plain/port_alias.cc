// SPDX-License-Identifier: MIT
#include "testing/guest/personalities/plain/port_alias.h"

#include "core/base/noprobe.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/personalities/plain/cpu.h"

namespace guest::plain {
namespace {

// A write may begin inside a page.
constexpr size_t kAliasPages = kMaxAliasWrite / kPageSize + 1;

/// Whole instructions where there are some, and no probe may stand here: what
/// is written may be an instruction of any other function that copies, and half
/// of it would be run.
EBPF_NOPROBE void Store(uintptr_t to, const uint8_t* bytes, size_t size) {
  for (; size >= 4 && to % 4 == 0; to += 4, bytes += 4, size -= 4) {
    *reinterpret_cast<volatile uint32_t*>(to) =
        uint32_t{bytes[0]} | uint32_t{bytes[1]} << 8 |
        uint32_t{bytes[2]} << 16 | uint32_t{bytes[3]} << 24;
  }
  for (; size > 0; --size) {
    *reinterpret_cast<volatile uint8_t*>(to++) = *bytes++;
  }
}

}  // namespace

bool WriteThroughAlias(uintptr_t phys, const void* bytes, size_t size) {
  const uintptr_t offset = phys % kPageSize;
  const size_t pages = (offset + size + kPageSize - 1) / kPageSize;
  if (!machine::Map(kAlias, phys - offset, pages * kPageSize,
                    machine::kWrite)) {
    return false;
  }
  Store(kAlias + offset, static_cast<const uint8_t*>(bytes), size);
  machine::Unmap(kAlias, pages * kPageSize);
  FlushTlbOfAll(kAlias, pages);
  return true;
}

bool PrepareAlias() {
  const size_t size = kAliasPages * kPageSize;
  const bool mapped = machine::Map(kAlias, 0, size, machine::kReadOnly);
  machine::Unmap(kAlias, size);
  return mapped;
}

}  // namespace guest::plain
