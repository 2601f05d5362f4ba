// SPDX-License-Identifier: MIT
//
// Console, interrupts and clock of QEMU's RISC-V `virt` machine.
#include "testing/guest/kernel/machine.h"

#include "testing/guest/riscv64/csr.h"
#include "testing/guest/riscv64/sbi.h"

namespace guest::machine {
namespace {

using namespace guest::riscv64;

constexpr uintptr_t kUart = 0x10000000;  // an NS16550A
constexpr uintptr_t kTest = 0x00100000;  // the sifive_test device
constexpr uint64_t kClockHertz = 10'000'000;

constinit uint64_t ticks_per_interrupt = 0;
constinit uint64_t boot_ticks = 0;

uint64_t ReadTime() {
  uint64_t ticks;
  asm volatile("rdtime %0" : "=r"(ticks));
  return ticks;
}

volatile uint8_t& Uart(uintptr_t reg) {
  return *reinterpret_cast<volatile uint8_t*>(kUart + reg);
}

}  // namespace

constinit const char kName[] = "riscv64";

void PutChar(char c) {
  constexpr uint8_t kTransmitterEmpty = 0x20;  // in the line status register
  while ((Uart(5) & kTransmitterEmpty) == 0) {
  }
  Uart(0) = static_cast<uint8_t>(c);
}

void Exit(uint8_t code) {
  // Low half: 0x5555 is success, 0x3333 fails with the upper half as status.
  *reinterpret_cast<volatile uint32_t*>(kTest) =
      code == 0 ? 0x5555 : uint32_t{code} << 16 | 0x3333;
  for (;;) {
    asm volatile("wfi");
  }
}

void Relax() { asm volatile("" : : : "memory"); }

void WaitForInterrupt() {
  // wfi ends on a pending interrupt even while they are masked.
  asm volatile("wfi" : : : "memory");
  IrqEnable();
}

uintptr_t IrqSave() {
  uintptr_t old;
  asm volatile("csrrc %0, sstatus, %1"
               : "=r"(old)
               : "r"(kSstatusSie)
               : "memory");
  return old & kSstatusSie;
}

void IrqRestore(uintptr_t state) {
  asm volatile("csrs sstatus, %0" : : "r"(state) : "memory");
}

void IrqEnable() { IrqRestore(kSstatusSie); }

bool IrqsEnabled() {
  uintptr_t status;
  asm volatile("csrr %0, sstatus" : "=r"(status));
  return (status & kSstatusSie) != 0;
}

void StartTimer(uint32_t hertz) {
  ticks_per_interrupt = kClockHertz / hertz;
  SbiSetTimer(ReadTime() + ticks_per_interrupt);
  asm volatile("csrs sie, %0" : : "r"(kSieStie | kSieSsie));
}

uint64_t Nanoseconds() {
  if (boot_ticks == 0) {
    boot_ticks = ReadTime();
  }
  return (ReadTime() - boot_ticks) * (1'000'000'000 / kClockHertz);
}

Interrupt ClaimInterrupt(uintptr_t cause) {
  if (cause == kCauseTimer) {
    SbiSetTimer(ReadTime() + ticks_per_interrupt);
    return Interrupt::kTimer;
  }
  if (cause == kCauseSoftware) {
    asm volatile("csrc sip, %0" : : "r"(kSieSsie) : "memory");
    return Interrupt::kIpi;
  }
  return Interrupt::kSpurious;
}

void SyncInstructions() { asm volatile("fence.i" : : : "memory"); }

void FlushCode(const void* /*address*/, size_t /*size*/) {
  // Data and instruction caches agree after fence.i; see SyncInstructions().
  asm volatile("fence w, w" : : : "memory");
}

void Breakpoint() { asm volatile("ebreak" : : : "memory"); }

}  // namespace guest::machine
