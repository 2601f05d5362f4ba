// SPDX-License-Identifier: MIT
//
// Kernel text on Alien: read-only leaves of up to 2 MiB, one CPU.
#include "core/platform/text.h"

#include "arch/riscv64/machine/one_hart_text.h"
#include "arch/riscv64/machine/system_registers.h"
#include "core/platform/cpu.h"
#include "core/platform/errors.h"
#include "core/platform/features.h"
#include "core/platform/function_text.h"
#include "core/platform/text_pool.h"
#include "ports/alien/kernel.h"
#include "ports/alien/text_alias.h"

namespace {

constexpr size_t kPageSize = 4096;

/// Two pages of addresses, mapped to the text that is being written and to
/// nothing otherwise. The leaf that the text itself is mapped with stays as it
/// is: it may hold 2 MiB of the kernel, which must not become writable.
constinit uintptr_t alias = 0;

/// What carries no probe, by parts of (mangled) names.
constexpr ebpf::StringView kRefused[] = {
    // The way into a kernel trap and out of it.
    "kernel_v",
    "do_kernel_handle",
    "ebreak_handler",
    // ksync's count of locks held, in a RefCell: a trap while it is borrowed
    // would find it borrowed, and panic.
    "push_off",
    "pop_off",
    "mycpu",
};

uintptr_t AddressOf(const char* symbol) {
  return reinterpret_cast<uintptr_t>(symbol);
}

bool IsText(uintptr_t address, size_t size) {
  return address >= AddressOf(stext) && address < AddressOf(etext) &&
         size <= AddressOf(etext) - address;
}

bool OverlapsTrampoline(uintptr_t address, size_t size) {
  const uintptr_t page = AddressOf(strampoline);
  return address < page + kPageSize && address + size > page;
}

void FlushAlias(size_t pages) {
  for (size_t page = 0; page < pages; ++page) {
    ebpf::riscv64::FlushTranslation(alias + page * kPageSize);
  }
}

/// Maps `pages` pages from `text` on at the alias, writable. Kernel text is at
/// its physical address.
int MapAlias(uintptr_t text, size_t pages, uintptr_t* at) {
  constexpr uint32_t kFlags = ALIEN_MAP_VALID | ALIEN_MAP_READ |
                              ALIEN_MAP_WRITE | ALIEN_MAP_ACCESSED |
                              ALIEN_MAP_DIRTY;
  if (alias == 0 || !alien_map_region(alias, text, pages * kPageSize, kFlags)) {
    return ebpf::kMinusNoMemory;
  }
  FlushAlias(pages);
  *at = alias;
  return 0;
}

void UnmapAlias(size_t pages) {
  alien_unmap_region(alias, pages * kPageSize);
  FlushAlias(pages);
}

}  // namespace

// Alien has no interrupt between CPUs, and switches no tasks under one.
constinit const ebpf::riscv64::TextKernel ebpf::riscv64::text_kernel = {
    .is_text = &IsText,
    .may_stop =
        [] {
          return ebpf_port_cpu_count() == 1 ? 0 : ebpf::kMinusNotSupported;
        },
    .map = &MapAlias,
    .unmap = &UnmapAlias};

namespace ebpf::alien {

bool PrepareTextAlias() {
  alias = alien_alloc_kernel_free_region(2 * kPageSize);
  // The tables above the two pages are made here, where there may be a need
  // for memory, and stay.
  const uintptr_t text = AddressOf(stext) & ~(kPageSize - 1);
  uintptr_t at = 0;
  if (MapAlias(text, 2, &at) != 0) {
    return false;
  }
  UnmapAlias(2);
  return true;
}

}  // namespace ebpf::alien

extern "C" {

uint32_t ebpf_port_features(void) {
  return EBPF_PORT_OVERRIDE | EBPF_PORT_STACKS | EBPF_PORT_TIMERS;
}

bool ebpf_port_may_probe(uintptr_t address, size_t size) {
  return size != 0 && IsText(address, size) &&
         !OverlapsTrampoline(address, size) &&
         !ebpf::text_pool.Touches(address, size) &&
         ebpf::IsInFunctionNamedNoneOf(address, size, kRefused);
}

// There is no exception table, and nothing else that changes text.
bool ebpf_port_may_detour(uintptr_t /*address*/, size_t /*size*/) {
  return true;
}

// ebpf_port_trap_stub keeps its default, 0: kernel_v.asm builds its frame right
// below the interrupted sp, and leaves by adding the frame's size to it.

}  // extern "C"
