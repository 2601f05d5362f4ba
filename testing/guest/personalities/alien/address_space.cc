// SPDX-License-Identifier: MIT
//
// The kernel's address space, and what ports/alien/kernel.h asks of it.
#include "testing/guest/personalities/alien/address_space.h"

#include "ports/alien/kernel.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/personalities/alien/ksync.h"
#include "testing/guest/riscv64/page_tables.h"

extern "C" {
extern const char guest_text_begin[];
extern const char guest_rodata_begin[];
extern const char guest_data_begin[];
}

namespace guest::alien {
namespace {

constexpr size_t kLargeLeaf = size_t{2} << 20;

/// Where alloc_kernel_free_region goes on: above RAM.
constinit uintptr_t next_region = 0;

uintptr_t AddressOf(const char* symbol) {
  return reinterpret_cast<uintptr_t>(symbol);
}

void Protect(uintptr_t begin, uintptr_t end, uint32_t protection) {
  if (!machine::Map(begin, begin, end - begin, protection, kLargeLeaf)) {
    Panic("no memory for page tables");
  }
}

bool AnyMapped(uintptr_t va, size_t size) {
  machine::Mapping mapping;
  for (size_t page = 0; page < size; page += kPageSize) {
    if (machine::Query(va + page, &mapping)) {
      return true;
    }
  }
  return false;
}

uint32_t ProtectionOf(uint32_t flags) {
  constexpr uint32_t kNeeded =
      ALIEN_MAP_VALID | ALIEN_MAP_READ | ALIEN_MAP_ACCESSED | ALIEN_MAP_DIRTY;
  if ((flags & kNeeded) != kNeeded) {
    Panic("a mapping without V, R, A or D faults on some CPUs");
  }
  return (flags & ALIEN_MAP_WRITE ? uint32_t{machine::kWrite} : 0) |
         (flags & ALIEN_MAP_EXECUTE ? uint32_t{machine::kExecute} : 0);
}

}  // namespace

void BuildKernelAddressSpace() {
  const uintptr_t ram_end = machine::FreeRam().end;
  Protect(AddressOf(guest_text_begin), AddressOf(guest_rodata_begin),
          machine::kExecute);
  Protect(AddressOf(guest_rodata_begin), AddressOf(guest_data_begin),
          machine::kReadOnly);
  Protect(AddressOf(guest_data_begin), ram_end, machine::kWrite);
  machine::FlushTlb(AddressOf(guest_text_begin),
                    ram_end - AddressOf(guest_text_begin));
  next_region = ram_end;
}

extern "C" {

uintptr_t alien_alloc_kernel_free_region(size_t size) {
  MutexGuard guard(kernel_space_lock);
  const uintptr_t begin = next_region;
  next_region += (size + kPageSize - 1) & ~(kPageSize - 1);
  return begin;
}

bool alien_map_region(uintptr_t va, uintptr_t pa, size_t size, uint32_t flags) {
  MutexGuard guard(kernel_space_lock);
  return !AnyMapped(va, size) &&
         riscv64::MapUnflushed(va, pa, size, ProtectionOf(flags), kPageSize);
}

bool alien_unmap_region(uintptr_t va, size_t size) {
  MutexGuard guard(kernel_space_lock);
  if (!AnyMapped(va, size)) {
    return false;
  }
  riscv64::UnmapUnflushed(va, size);
  return true;
}

}  // extern "C"

}  // namespace guest::alien
