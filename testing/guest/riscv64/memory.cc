// SPDX-License-Identifier: MIT
//
// Sv39: the identity map that Alien has too, and accesses that may fault.
#include "testing/guest/fdt/fdt.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/spin_lock.h"
#include "testing/guest/paging/page_table.h"
#include "testing/guest/riscv64/boot_arguments.h"
#include "testing/guest/riscv64/harts.h"
#include "testing/guest/riscv64/page_tables.h"
#include "testing/guest/riscv64/sv39.h"

extern "C" {
extern char guest_text_begin[];
extern char guest_image_end[];

int Riscv64TryStore8(uintptr_t address, uint8_t value);
int Riscv64TryLoad8(uintptr_t address, uint8_t* value);
int Riscv64TryCall(uintptr_t code);
extern const char Riscv64TryStore8At[];
extern const char Riscv64TryLoad8At[];
extern const char Riscv64TryFailed[];
extern const char Riscv64TryCallFailed[];
}

namespace guest::machine {
namespace {

constexpr size_t kMegaPage = size_t{2} << 20;
constexpr uintptr_t kUart = 0x10000000;
constexpr uintptr_t kTest = 0x00100000;
constexpr uintptr_t kSatpSv39 = uintptr_t{8} << 60;
// For 256 MiB of RAM by pages, devices, and what a personality maps.
constexpr size_t kTables = 192;
constexpr size_t kMaxTree = size_t{1} << 20;

alignas(kPageSize) constinit uint64_t tables[kTables][512] = {};
alignas(kPageSize) constinit uint64_t root[512] = {};
constinit TablePool pool(tables, kTables);
constinit PageTable<Sv39> kernel_table(root, &pool);
constinit SpinLock table_lock;
constinit RamRange ram = {};
/// What each CPU's TryCall() calls at this moment, else 0.
constinit uintptr_t tried_code[kMaxCpus] = {};

uintptr_t AddressOf(const char* symbol) {
  return reinterpret_cast<uintptr_t>(symbol);
}

constinit char boot_arguments[64] = {};

/// Keeps them: the memory that the tree is in will be used for other things.
void KeepBootArguments(const char* text) {
  for (size_t i = 0; text != nullptr && text[i] != 0; ++i) {
    if (i + 1 == sizeof boot_arguments) {
      return;
    }
    boot_arguments[i] = text[i];
  }
}

/// Finds RAM: without a device tree that says it, the least there can be.
void FindRam(const void* device_tree) {
  FdtMemory memory = {0x80000000, size_t{32} << 20};
  FindFdtMemory(device_tree, kMaxTree, &memory);
  ram.begin = AddressOf(guest_image_end);
  ram.end = (memory.base + memory.size) & ~(kMegaPage - 1);
}

}  // namespace

extern "C" [[noreturn]] void Riscv64Boot(uintptr_t hart,
                                         const void* device_tree) {
  riscv64::FindHarts(hart);
  FindRam(device_tree);
  KeepBootArguments(FindFdtBootArguments(device_tree, kMaxTree));
  const uintptr_t image = AddressOf(guest_text_begin);
  // All one may do all to, until the personality says better.
  const bool mapped =
      Map(image, image, ram.end - image, kWrite | kExecute, kMegaPage) &&
      Map(kUart, kUart, kPageSize, kWrite) &&
      Map(kTest, kTest, kPageSize, kWrite);
  asm volatile("csrw satp, %0; sfence.vma"
               :
               : "r"(riscv64::KernelSatp())
               : "memory");
  if (!mapped) {
    Panic("no memory for page tables");
  }
  Nanoseconds();  // the clock starts now
  GuestMain();
}

RamRange FreeRam() { return ram; }

bool Map(uintptr_t virt, uintptr_t phys, size_t size, uint32_t protection,
         size_t leaf) {
  const bool mapped = riscv64::MapUnflushed(virt, phys, size, protection, leaf);
  FlushTlb(virt, size);
  return mapped;
}

void Unmap(uintptr_t virt, size_t size) {
  riscv64::UnmapUnflushed(virt, size);
  FlushTlb(virt, size);
}

bool Query(uintptr_t virt, Mapping* mapping) {
  return kernel_table.Query(virt, mapping);
}

uintptr_t DirectMapBase() { return 0; }

void FlushTlb(uintptr_t virt, size_t size) {
  if (size > 64 * kPageSize) {
    asm volatile("sfence.vma" : : : "memory");
    return;
  }
  for (uintptr_t at = virt; at < virt + size; at += kPageSize) {
    asm volatile("sfence.vma %0, zero" : : "r"(at) : "memory");
  }
}

bool TryStore8(uintptr_t address, uint8_t value) {
  return Riscv64TryStore8(address, value) != 0;
}

bool TryLoad8(uintptr_t address, uint8_t* value) {
  return Riscv64TryLoad8(address, value) != 0;
}

bool TryCall(uintptr_t code) {
  const uintptr_t irqs = IrqSave();
  tried_code[CpuId()] = code & ~uintptr_t{1};  // as the jump takes it
  const bool called = Riscv64TryCall(code) != 0;
  tried_code[CpuId()] = 0;
  IrqRestore(irqs);
  return called;
}

uintptr_t FaultFixup(uintptr_t pc, uintptr_t* /*sp*/) {
  if (pc == AddressOf(Riscv64TryStore8At) ||
      pc == AddressOf(Riscv64TryLoad8At)) {
    return AddressOf(Riscv64TryFailed);
  }
  // The call has pushed nothing: sp is as TryCallFailed expects it.
  return pc != 0 && pc == tried_code[CpuId()] ? AddressOf(Riscv64TryCallFailed)
                                              : 0;
}

}  // namespace guest::machine

namespace guest::riscv64 {

const char* BootArguments() { return machine::boot_arguments; }

uintptr_t KernelSatp() {
  return machine::kSatpSv39 | reinterpret_cast<uintptr_t>(machine::root) >> 12;
}

bool MapUnflushed(uintptr_t virt, uintptr_t phys, size_t size,
                  uint32_t protection, size_t leaf) {
  SpinLockGuard guard(machine::table_lock);
  return machine::kernel_table.Map(virt, phys, size, protection, leaf);
}

void UnmapUnflushed(uintptr_t virt, size_t size) {
  SpinLockGuard guard(machine::table_lock);
  machine::kernel_table.Unmap(virt, size);
}

}  // namespace guest::riscv64
