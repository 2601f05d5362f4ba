// SPDX-License-Identifier: MIT
//
// Starting CPUs by PSCI, whose calls QEMU takes by hvc. [arm/psci: CPU_ON]
#include "testing/guest/aarch64/gic.h"
#include "testing/guest/aarch64/registers.h"
#include "testing/guest/aarch64/translation.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"

extern "C" const char Aarch64SecondaryStart[];

namespace guest::machine {
namespace {

using namespace guest::aarch64;

/// What boot.S reads, with the MMU off.
struct StartRecord {
  uint64_t table;
  uint64_t stack_top;
  void (*entry)(uint32_t cpu);
  uint64_t started;
};
alignas(64) constinit StartRecord record = {};

/// Writes the record from the cache to memory, where a CPU reads it that has
/// its cache off.
void CleanRecord() {
  asm volatile("dc cvac, %0; dsb sy" : : "r"(&record) : "memory");
}

int64_t PsciCpuOn(uint32_t cpu, uintptr_t entry, uintptr_t argument) {
  register uint64_t x0 asm("x0") = 0xc4000003;
  register uint64_t x1 asm("x1") = cpu;
  register uint64_t x2 asm("x2") = entry;
  register uint64_t x3 asm("x3") = argument;
  asm volatile("hvc #0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3) : "memory");
  return static_cast<int64_t>(x0);
}

}  // namespace

uint32_t CpuCount() {
  const uint32_t count = GicCpuCount();
  return count < kMaxCpus ? count : kMaxCpus;
}

uint32_t CpuId() {
  return static_cast<uint32_t>(GUEST_READ_REGISTER("mpidr_el1") & 0xff);
}

void SetThisCpu(void* this_cpu) {
  GUEST_WRITE_REGISTER("tpidr_el1", reinterpret_cast<uintptr_t>(this_cpu));
}

bool StartCpu(uint32_t cpu, void* stack_top, void (*entry)(uint32_t cpu)) {
  record = {KernelTable(), reinterpret_cast<uint64_t>(stack_top), entry, 0};
  CleanRecord();
  if (PsciCpuOn(cpu, reinterpret_cast<uintptr_t>(Aarch64SecondaryStart),
                reinterpret_cast<uintptr_t>(&record)) != 0) {
    return false;
  }
  const uint64_t until = Nanoseconds() + 1'000'000'000;
  // Pairs with the release in Aarch64SecondaryBoot().
  while (__atomic_load_n(&record.started, __ATOMIC_ACQUIRE) == 0) {
    if (Nanoseconds() > until) {
      return false;
    }
    Relax();
  }
  return true;
}

extern "C" [[noreturn]] void Aarch64SecondaryBoot(StartRecord* from) {
  const uint32_t cpu = CpuId();
  void (*entry)(uint32_t) = from->entry;
  InitGicCpu(cpu);
  // Pairs with the acquire in StartCpu().
  __atomic_store_n(&from->started, 1, __ATOMIC_RELEASE);
  entry(cpu);
  Panic("a CPU's entry returned");
}

}  // namespace guest::machine
