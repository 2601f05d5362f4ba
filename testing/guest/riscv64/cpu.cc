// SPDX-License-Identifier: MIT
//
// Starting CPUs, and interrupting them, by OpenSBI. [sbi: Hart State
// Management, IPI, RFENCE]
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/riscv64/csr.h"
#include "testing/guest/riscv64/harts.h"
#include "testing/guest/riscv64/page_tables.h"
#include "testing/guest/riscv64/sbi.h"

extern "C" const char _start[];

namespace guest::machine {

using namespace guest::riscv64;

/// What boot.S reads for the CPU that starts, with translation off.
struct StartRecord {
  uintptr_t satp;
  void* stack_top;
  uintptr_t cpu;
  void (*entry)(uint32_t cpu);
  uint64_t started;
};
extern "C" constinit StartRecord Riscv64StartRecord;
constinit StartRecord Riscv64StartRecord = {};

namespace {

constinit uintptr_t boot = 0;  // the hart that is CPU 0
constinit uint32_t cpu_count = 1;

}  // namespace

uint32_t CpuCount() { return cpu_count; }

uint32_t CpuId() {
  uintptr_t cpu;
  asm("mv %0, tp" : "=r"(cpu));
  return static_cast<uint32_t>(cpu);
}

void SetThisCpu(void* /*this_cpu*/) {}  // tp is the hart's number

bool StartCpu(uint32_t cpu, void* stack_top, void (*entry)(uint32_t cpu)) {
  StartRecord& record = Riscv64StartRecord;
  record = {KernelSatp(), stack_top, cpu, entry, 0};
  asm volatile("fence rw, rw" : : : "memory");
  if (!SbiStartHart(HartOf(cpu), reinterpret_cast<uintptr_t>(_start))) {
    return false;
  }
  const uint64_t until = Nanoseconds() + 1'000'000'000;
  // Pairs with the release in Riscv64SecondaryBoot().
  while (__atomic_load_n(&record.started, __ATOMIC_ACQUIRE) == 0) {
    if (Nanoseconds() > until) {
      return false;
    }
    Relax();
  }
  return true;
}

extern "C" [[noreturn]] void Riscv64SecondaryBoot(StartRecord* from) {
  const uint32_t cpu = CpuId();
  void (*entry)(uint32_t) = from->entry;
  // Pairs with the acquire in StartCpu().
  __atomic_store_n(&from->started, 1, __ATOMIC_RELEASE);
  entry(cpu);
  Panic("a CPU's entry returned");
}

void SendIpi(uint32_t cpu) {
  // What was stored before is seen by the CPU that takes the interrupt.
  asm volatile("fence rw, rw" : : : "memory");
  if (cpu == CpuId()) {
    asm volatile("csrs sip, %0" : : "r"(kSieSsie) : "memory");
  } else {
    SbiSendIpi(HartOf(cpu));
  }
}

}  // namespace guest::machine

namespace guest::riscv64 {

void FindHarts(uintptr_t boot_hart) {
  machine::boot = boot_hart;
  uint32_t count = 0;
  while (count < kMaxCpus && SbiHasHart(count)) {
    ++count;
  }
  machine::cpu_count = count != 0 ? count : 1;
}

uintptr_t HartOf(uint32_t cpu) {
  if (cpu == 0) {
    return machine::boot;
  }
  return cpu == machine::boot ? 0 : cpu;
}

void FlushTlbOfAll(uintptr_t begin, uintptr_t size) {
  asm volatile("fence rw, rw" : : : "memory");
  SbiFlushTlbOfAll(begin, size);
}

}  // namespace guest::riscv64
