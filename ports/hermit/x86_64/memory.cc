// SPDX-License-Identifier: MIT
//
// What the page tables allow, and what text that was written needs.
#include "arch/x86_64/machine/icache.h"
#include "arch/x86_64/machine/nofault.h"
#include "arch/x86_64/page_tables.h"
#include "core/platform/text.h"
#include "ports/hermit/machine.h"

namespace ebpf::hermit {
namespace {

using x86_64::PageTables;

constexpr int kTopLevel = 3;
/// What a PC has below it is its firmware's and devices', in memory's guise.
constexpr uintptr_t kMemoryBegin = 1 << 20;

/// Whether the page at `address` is there, with `flags`, and is no device's,
/// which Hermit maps without a cache. Memory, page tables in it, lies at its
/// physical addresses; PageTables would read those without asking, and any
/// level may forbid.
bool IsMemory(uintptr_t address, uint64_t flags) {
  const auto sign = static_cast<int64_t>(address << 16) >> 16;
  if (static_cast<uintptr_t>(sign) != address || address < kMemoryBegin) {
    return false;  // not canonical, or none of ours
  }
  uint64_t entry;
  asm volatile("movq %%cr3, %0" : "=r"(entry));
  for (int level = kTopLevel; level >= 0; --level) {
    const uint64_t at = (entry & PageTables::kAddress) +
                        (address >> (12 + 9 * level)) % 512 * sizeof(entry);
    if (!ebpf_copy_nofault(&entry, at, sizeof(entry)) ||
        (entry & flags) != flags) {
      return false;
    }
    if (level == 0 ||
        (level < kTopLevel && (entry & PageTables::kLarge) != 0)) {
      return (entry & PageTables::kNotCached) == 0;
    }
  }
  return false;
}

}  // namespace

bool MayRead(uintptr_t address) {
  return IsMemory(address, PageTables::kPresent);
}

bool MayWrite(uintptr_t address) {
  return IsMemory(address, PageTables::kPresent | PageTables::kWritable);
}

void FlushInsns(uintptr_t /*address*/, size_t /*size*/) {
  x86_64::SyncInsnStream();
}

// The gates are all ours.
bool IsTrapCode(uintptr_t /*address*/, size_t /*size*/) { return false; }

}  // namespace ebpf::hermit

extern "C" uint32_t ebpf_port_trap_stub(void) {
  return EBPF_TRAP_STUB_SETS_SP | EBPF_TRAP_STUB_LEAVES_GAP;
}
