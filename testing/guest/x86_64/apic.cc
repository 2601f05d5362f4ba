// SPDX-License-Identifier: MIT
//
// Local APIC and clock: timer interrupt, interprocessor interrupts, start-up
// of other CPUs, nanoseconds. [intel/vol3: 11 (APIC), 18.17 (TSC)]
#include <stdint.h>

#include "core/base/types.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/x86_64/internal.h"
#include "testing/guest/x86_64/registers.h"

namespace guest {
namespace x86_64 {
namespace {

constexpr uint64_t kApicAddress = 0xfee0'0000;

enum Register : uint32_t {
  kEndOfInterrupt = 0xb0,
  kSpurious = 0xf0,
  kCommandLow = 0x300,
  kCommandHigh = 0x310,
  kTimer = 0x320,
  kTimerInitial = 0x380,
  kTimerCurrent = 0x390,
  kTimerDivide = 0x3e0,
};

constexpr uint32_t kDivideBy16 = 3;
constexpr uint32_t kPeriodic = 1u << 17;
constexpr uint32_t kDeliveryPending = 1u << 12;
constexpr uint32_t kAssert = 1u << 14;
constexpr uint32_t kInit = 5u << 8;
constexpr uint32_t kStartup = 6u << 8;

constinit uint64_t tsc_per_millisecond = 0;
constinit uint64_t timer_per_millisecond = 0;
constinit uint64_t tsc_start = 0;

volatile uint32_t& At(Register index) {
  return *reinterpret_cast<volatile uint32_t*>(kDeviceBase + index);
}

void Command(uint32_t cpu, uint32_t command) {
  while (At(kCommandLow) & kDeliveryPending) {
    machine::Relax();
  }
  At(kCommandHigh) = cpu << 24;
  At(kCommandLow) = command;
}

/// Waits ten milliseconds by channel 2 of the 8254, whose 1.193182 MHz do not
/// depend on the host. [intel/8254]
void WaitTenMilliseconds() {
  constexpr uint16_t kTicks = 11932;
  constexpr uint8_t kOutput = 0x20;
  Out8(0x61, (In8(0x61) & 0xfc) | 1);  // gate on, speaker off
  Out8(0x43, 0xb0);                    // channel 2, both bytes, mode 0
  Out8(0x42, kTicks & 0xff);
  Out8(0x42, kTicks >> 8);
  while ((In8(0x61) & kOutput) == 0) {
  }
}

/// A busy host stretches a measurement; the shortest of some is the best.
void MeasureClocks() {
  uint64_t tsc = UINT64_MAX;
  uint64_t timer = UINT64_MAX;
  for (int i = 0; i < 3; ++i) {
    At(kTimerInitial) = UINT32_MAX;
    const uint64_t tsc_begin = ReadTsc();
    WaitTenMilliseconds();
    tsc = ebpf::Min(tsc, ReadTsc() - tsc_begin);
    timer = ebpf::Min(timer, uint64_t{UINT32_MAX - At(kTimerCurrent)});
    At(kTimerInitial) = 0;
  }
  tsc_per_millisecond = tsc / 10;
  timer_per_millisecond = timer / 10;
}

}  // namespace

void EnableApic() {
  constexpr uint32_t kEnable = 0x100;
  At(kSpurious) = kEnable | kSpuriousVector;
  At(kTimerDivide) = kDivideBy16;
}

void InitApic() {
  // The legacy interrupt controllers stay silent.
  Out8(0x21, 0xff);
  Out8(0xa1, 0xff);
  MapDevice(kDeviceBase, kApicAddress);
  EnableApic();
  MeasureClocks();
  tsc_start = ReadTsc();
}

void WaitMicroseconds(uint64_t microseconds) {
  const uint64_t end = ReadTsc() + microseconds * tsc_per_millisecond / 1000;
  while (ReadTsc() < end) {
    machine::Relax();
  }
}

void SendStartup(uint32_t cpu, uint64_t page) {
  Command(cpu, kInit | kAssert);
  WaitMicroseconds(10'000);
  for (int i = 0; i < 2; ++i) {
    Command(cpu, kStartup | kAssert | static_cast<uint32_t>(page >> 12));
    WaitMicroseconds(200);
  }
}

}  // namespace x86_64

namespace machine {

using namespace x86_64;

void StartTimer(uint32_t hertz) {
  At(kTimer) = kPeriodic | kTimerVector;
  At(kTimerInitial) =
      static_cast<uint32_t>(timer_per_millisecond * 1000 / hertz);
}

uint64_t Nanoseconds() {
  const uint64_t ticks = ReadTsc() - tsc_start;
  // In two steps: ticks * 1'000'000 would overflow after some hours.
  const uint64_t milliseconds = ticks / tsc_per_millisecond;
  const uint64_t rest = ticks % tsc_per_millisecond;
  return milliseconds * 1'000'000 + rest * 1'000'000 / tsc_per_millisecond;
}

void SendIpi(uint32_t cpu) {
  // An interrupt between the two halves of the command must not send another.
  const uintptr_t state = IrqSave();
  Command(cpu, kAssert | kIpiVector);
  IrqRestore(state);
}

Interrupt ClaimInterrupt(uintptr_t cause) {
  switch (cause) {
    case kTimerVector:
      At(kEndOfInterrupt) = 0;
      return Interrupt::kTimer;
    case kIpiVector:
      At(kEndOfInterrupt) = 0;
      return Interrupt::kIpi;
    default:
      return Interrupt::kSpurious;  // takes no end of interrupt
  }
}

}  // namespace machine
}  // namespace guest
