// SPDX-License-Identifier: MIT
//
// testing/guest/personalities/plain/cpu.h for RISC-V.
#include "arch/riscv64/machine/icache.h"
#include "core/base/noprobe.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/personalities/plain/cpu.h"
#include "testing/guest/riscv64/harts.h"

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

constinit const uintptr_t kRam = 0x80000000;
constinit const uintptr_t kAlias = 0x7f000000;
constinit const uintptr_t kExecBegin = 0x7c000000;

bool ProtectRamAndImage() {
  // Text first: it runs. The gaps up to the next large leaf are nobody's.
  return Protect(AddressOf(guest_text_begin), AddressOf(guest_text_end),
                 machine::kExecute) &&
         Protect(AddressOf(guest_text_end), AddressOf(guest_rodata_begin),
                 machine::kReadOnly) &&
         Protect(AddressOf(guest_rodata_begin), AddressOf(guest_rodata_end),
                 machine::kReadOnly) &&
         Protect(AddressOf(guest_rodata_end), machine::FreeRam().end,
                 machine::kWrite);
}

void FlushTlbOfAll(uintptr_t begin, size_t pages) {
  riscv64::FlushTlbOfAll(begin, pages * kPageSize);
}

EBPF_NOPROBE void SyncInsnStream() { ebpf::riscv64::SyncInsnStream(); }

void FlushInsnCache(uintptr_t address, size_t size) {
  ebpf::riscv64::FlushInsnCache(address, size);
}

EBPF_NOPROBE void Pause() { asm volatile("" : : : "memory"); }

}  // namespace guest::plain
