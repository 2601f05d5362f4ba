// SPDX-License-Identifier: MIT
//
// Console, interrupts and clock of QEMU's AArch64 `virt` machine.
#include "testing/guest/kernel/machine.h"

#include "testing/guest/aarch64/gic.h"
#include "testing/guest/aarch64/registers.h"

namespace guest::machine {
namespace {

using namespace guest::aarch64;

constexpr uintptr_t kUart = 0x09000000;  // a PL011
constexpr uint64_t kNanosecondsPerSecond = 1'000'000'000;

constinit uint64_t ticks_per_interrupt = 0;
constinit uint64_t boot_ticks = 0;
constinit uint64_t nanoseconds_per_tick = 0;  // 0: not known to be whole

uint64_t ReadTicks() {
  // The counter must not be read ahead of what comes before.
  asm volatile("isb" : : : "memory");
  return GUEST_READ_REGISTER("cntvct_el0");
}

/// The time while a tick is not known to be a whole number of nanoseconds; the
/// first caller finds out whether it is.
[[gnu::noinline]] uint64_t DividedNanoseconds() {
  if (boot_ticks == 0) {
    boot_ticks = ReadTicks();
  }
  const uint64_t ticks = ReadTicks() - boot_ticks;
  const uint64_t frequency = GUEST_READ_REGISTER("cntfrq_el0");
  if (kNanosecondsPerSecond % frequency == 0) {
    nanoseconds_per_tick = kNanosecondsPerSecond / frequency;
  }
  return ticks / frequency * kNanosecondsPerSecond +
         ticks % frequency * kNanosecondsPerSecond / frequency;
}

volatile uint32_t& Uart(uintptr_t reg) {
  return *reinterpret_cast<volatile uint32_t*>(kUart + reg);
}

}  // namespace

constinit const char kName[] = "aarch64";

void PutChar(char c) {
  constexpr uint32_t kTransmitFifoFull = 0x20;
  while ((Uart(0x18) & kTransmitFifoFull) != 0) {
  }
  Uart(0) = static_cast<uint8_t>(c);
}

void Exit(uint8_t code) {
  // Semihosting's SYS_EXIT; QEMU needs -semihosting-config enable=on.
  constexpr uint64_t kApplicationExit = 0x20026;
  const uint64_t block[2] = {kApplicationExit, code};
  register uint64_t operation asm("x0") = 0x18;
  register const void* argument asm("x1") = block;
  asm volatile("hlt #0xf000" : : "r"(operation), "r"(argument) : "memory");
  for (;;) {
    asm volatile("wfi");
  }
}

void Relax() { asm volatile("yield" : : : "memory"); }

void WaitForInterrupt() {
  // wfi ends on a pending interrupt even while they are masked.
  asm volatile("dsb sy; wfi" : : : "memory");
  IrqEnable();
}

uintptr_t IrqSave() {
  const uintptr_t old = GUEST_READ_REGISTER("daif");
  asm volatile("msr daifset, #2" : : : "memory");
  return old;
}

void IrqRestore(uintptr_t state) { GUEST_WRITE_REGISTER("daif", state); }

void IrqEnable() { asm volatile("msr daifclr, #2" : : : "memory"); }

bool IrqsEnabled() { return (GUEST_READ_REGISTER("daif") & kDaifI) == 0; }

void StartTimer(uint32_t hertz) {
  ticks_per_interrupt = GUEST_READ_REGISTER("cntfrq_el0") / hertz;
  GUEST_WRITE_REGISTER("cntv_tval_el0", ticks_per_interrupt);
  GUEST_WRITE_REGISTER("cntv_ctl_el0", 1);
}

uint64_t Nanoseconds() {
  if (nanoseconds_per_tick == 0) {
    return DividedNanoseconds();
  }
  // No branch behind the counter: there QEMU lets in what interrupts, and a
  // profile would miss the caller of this function, which has no frame.
  return (ReadTicks() - boot_ticks) * nanoseconds_per_tick;
}

void SendIpi(uint32_t cpu) { SendGicIpi(cpu); }

Interrupt ClaimInterrupt(uintptr_t /*cause*/) {
  switch (TakeInterrupt()) {
    case kTimerInterrupt:
      GUEST_WRITE_REGISTER("cntv_tval_el0", ticks_per_interrupt);
      return Interrupt::kTimer;
    case kIpiInterrupt:
      return Interrupt::kIpi;
    default:
      return Interrupt::kSpurious;
  }
}

void SyncInstructions() { asm volatile("isb" : : : "memory"); }

void FlushCode(const void* address, size_t size) {
  const uint64_t type = GUEST_READ_REGISTER("ctr_el0");
  const uintptr_t line = uintptr_t{4} << (type & 15);
  const auto begin = reinterpret_cast<uintptr_t>(address) & ~(line - 1);
  const uintptr_t end = reinterpret_cast<uintptr_t>(address) + size;
  for (uintptr_t at = begin; at < end; at += line) {
    asm volatile("dc cvau, %0" : : "r"(at) : "memory");
  }
  // The alias that is fetched may be in the instruction cache under another
  // address: all of it goes, on all CPUs.
  asm volatile("dsb ish; ic ialluis; dsb ish" : : : "memory");
}

void Breakpoint() { asm volatile("brk #0" : : : "memory"); }

}  // namespace guest::machine
