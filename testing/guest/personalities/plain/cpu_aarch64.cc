// SPDX-License-Identifier: MIT
//
// testing/guest/personalities/plain/cpu.h for AArch64.
#include "arch/aarch64/machine/icache.h"
#include "core/base/noprobe.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/personalities/plain/cpu.h"

extern "C" {
extern const char guest_text_begin[];
extern const char guest_text_end[];
extern const char guest_rodata_begin[];
extern const char guest_rodata_end[];
}

namespace guest::plain {
namespace {

uintptr_t AddressOf(const char* symbol) {
  return reinterpret_cast<uintptr_t>(symbol);
}

bool Protect(uintptr_t begin, uintptr_t end, uint32_t protection) {
  return machine::Map(begin, begin, end - begin, protection);
}

}  // namespace

constinit const uintptr_t kRam = 0x40000000;
constinit const uintptr_t kAlias = 0x3f000000;
constinit const uintptr_t kExecBegin = 0x3c000000;

bool ProtectRamAndImage() {
  // The CPU folder maps the image by pages up to the next 2 MiB, and the rest
  // of RAM not to be executed.
  constexpr uintptr_t kBlock = uintptr_t{2} << 20;
  const uintptr_t end = (machine::FreeRam().begin + kBlock - 1) & ~(kBlock - 1);
  return Protect(AddressOf(guest_rodata_end), end, machine::kWrite) &&
         Protect(AddressOf(guest_rodata_begin), AddressOf(guest_rodata_end),
                 machine::kReadOnly) &&
         Protect(AddressOf(guest_text_begin), AddressOf(guest_text_end),
                 machine::kExecute);
}

void FlushTlbOfAll(uintptr_t begin, size_t pages) {
  asm volatile("dsb ishst" : : : "memory");
  for (size_t i = 0; i < pages; ++i) {
    const uint64_t page = (begin / kPageSize + i) & ((uint64_t{1} << 44) - 1);
    asm volatile("tlbi vaae1is, %0" : : "r"(page) : "memory");
  }
  asm volatile("dsb ish; isb" : : : "memory");
}

EBPF_NOPROBE void SyncInsnStream() { ebpf::aarch64::SyncInsnStream(); }

void FlushInsnCache(uintptr_t address, size_t size) {
  ebpf::aarch64::FlushInsnCache(address, size);
}

EBPF_NOPROBE void Pause() { asm volatile("yield" : : : "memory"); }

}  // namespace guest::plain
