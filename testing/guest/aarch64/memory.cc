// SPDX-License-Identifier: MIT
//
// The identity map, and accesses that may fault.
#include "testing/guest/aarch64/descriptor.h"
#include "testing/guest/aarch64/gic.h"
#include "testing/guest/aarch64/registers.h"
#include "testing/guest/aarch64/translation.h"
#include "testing/guest/fdt/fdt.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/spin_lock.h"
#include "testing/guest/paging/page_table.h"

extern "C" {
extern const char guest_text_begin[];
extern const char guest_image_end[];

int Aarch64TryStore8(uintptr_t address, uint8_t value);
int Aarch64TryLoad8(uintptr_t address, uint8_t* value);
int Aarch64TryCall(uintptr_t code);
extern const char Aarch64TryStore8At[];
extern const char Aarch64TryLoad8At[];
extern const char Aarch64TryFailed[];
extern const char Aarch64TryCallFailed[];
}

namespace guest::machine {
namespace {

constexpr size_t kBlock = size_t{2} << 20;
constexpr uintptr_t kRam = 0x40000000;
constexpr uintptr_t kUart = 0x09000000;
// For 256 MiB of RAM, devices, and what a personality maps.
constexpr size_t kTables = 192;

alignas(kPageSize) constinit uint64_t tables[kTables][512] = {};
alignas(kPageSize) constinit uint64_t root[512] = {};
constinit TablePool pool(tables, kTables);
constinit PageTable<Descriptor> kernel_table(root, &pool);
constinit SpinLock table_lock;
constinit RamRange ram = {};
/// What each CPU's TryCall() calls at this moment, else 0.
constinit uintptr_t tried_code[kMaxCpus] = {};

uintptr_t AddressOf(const char* symbol) {
  return reinterpret_cast<uintptr_t>(symbol);
}

/// QEMU puts the device tree where RAM begins, and no pointer to it anywhere.
void FindRam() {
  FdtMemory memory = {kRam, size_t{32} << 20};
  FindFdtMemory(reinterpret_cast<const void*>(kRam), size_t{2} << 20, &memory);
  ram.begin = AddressOf(guest_image_end);
  ram.end = (memory.base + memory.size) & ~(kBlock - 1);
}

/// By pages: any of them may change its permissions, and no block is ever split
/// while CPUs use it.
bool MapAll() {
  const uintptr_t image = AddressOf(guest_text_begin);
  const uintptr_t rest = (ram.begin + kBlock - 1) & ~(kBlock - 1);
  return Map(image, image, rest - image, kWrite | kExecute) &&
         Map(rest, rest, ram.end - rest, kWrite) &&
         Map(kUart, kUart, kPageSize, kWrite | kDevice) &&
         Map(aarch64::kGicBegin, aarch64::kGicBegin,
             aarch64::kGicEnd - aarch64::kGicBegin, kWrite | kDevice, kBlock);
}

}  // namespace

extern "C" [[noreturn]] void Aarch64Boot() {
  FindRam();
  const bool mapped = MapAll();
  GUEST_WRITE_REGISTER("ttbr0_el1", aarch64::KernelTable());
  asm volatile("isb; tlbi vmalle1; dsb sy; isb" : : : "memory");
  if (!mapped) {
    Panic("no memory for page tables");
  }
  Nanoseconds();  // the clock starts now
  aarch64::InitGicDistributor();
  aarch64::InitGicCpu(0);
  GuestMain();
}

RamRange FreeRam() { return ram; }

bool Map(uintptr_t virt, uintptr_t phys, size_t size, uint32_t protection,
         size_t leaf) {
  SpinLockGuard guard(table_lock);
  const bool mapped = kernel_table.Map(virt, phys, size, protection, leaf);
  FlushTlb(virt, size);
  return mapped;
}

void Unmap(uintptr_t virt, size_t size) {
  SpinLockGuard guard(table_lock);
  kernel_table.Unmap(virt, size);
  FlushTlb(virt, size);
}

bool Query(uintptr_t virt, Mapping* mapping) {
  if (!kernel_table.Query(virt, mapping)) {
    return false;
  }
  mapping->protection &= ~kDevice;
  return true;
}

uintptr_t DirectMapBase() { return 0; }

void FlushTlb(uintptr_t virt, size_t size) {
  asm volatile("dsb nshst" : : : "memory");
  if (size > 64 * kPageSize) {
    asm volatile("tlbi vmalle1" : : : "memory");
  } else {
    for (uintptr_t at = virt; at < virt + size; at += kPageSize) {
      const uint64_t page = at >> 12 & ((uint64_t{1} << 44) - 1);
      asm volatile("tlbi vaae1, %0" : : "r"(page) : "memory");
    }
  }
  asm volatile("dsb nsh; isb" : : : "memory");
}

bool TryStore8(uintptr_t address, uint8_t value) {
  return Aarch64TryStore8(address, value) != 0;
}

bool TryLoad8(uintptr_t address, uint8_t* value) {
  return Aarch64TryLoad8(address, value) != 0;
}

bool TryCall(uintptr_t code) {
  const uintptr_t irqs = IrqSave();
  tried_code[CpuId()] = code;
  const bool called = Aarch64TryCall(code) != 0;
  tried_code[CpuId()] = 0;
  IrqRestore(irqs);
  return called;
}

uintptr_t FaultFixup(uintptr_t pc, uintptr_t* /*sp*/) {
  if (pc == AddressOf(Aarch64TryStore8At) ||
      pc == AddressOf(Aarch64TryLoad8At)) {
    return AddressOf(Aarch64TryFailed);
  }
  // The call has pushed nothing: sp is as TryCallFailed expects it.
  return pc != 0 && pc == tried_code[CpuId()] ? AddressOf(Aarch64TryCallFailed)
                                              : 0;
}

}  // namespace guest::machine

namespace guest::aarch64 {

uint64_t KernelTable() { return reinterpret_cast<uint64_t>(machine::root); }

}  // namespace guest::aarch64
