// SPDX-License-Identifier: MIT
//
// Start of the port's services, in order.
#include "ports/dragonos/services.h"

#include <stdint.h>

#include "ports/dragonos/kernel.h"

namespace ebpf::dragonos {
namespace {

/// [intel/vol3: IDT Descriptors]
struct [[gnu::packed]] Gate {
  uint16_t low;
  uint16_t selector;
  uint16_t attributes;
  uint16_t middle;
  uint32_t high;
  uint32_t reserved;
};
struct [[gnu::packed]] TableRegister {
  uint16_t limit;
  uint64_t base;
};

/// Whether the kernel has our entry in the gate of #BP, and its kind is right:
/// emulated instructions write below the interrupted stack pointer, where
/// another entry would have its frame.
bool HasBreakpointGate() {
  constexpr uint16_t kTypeAndStack = 0x1f07;
  constexpr uint16_t kInterruptGate = 0x0e00;
  constexpr unsigned kBreakpoint = 3;
  TableRegister table;
  asm volatile("sidt %0" : "=m"(table));
  const Gate& gate = reinterpret_cast<const Gate*>(table.base)[kBreakpoint];
  const uint64_t entry =
      gate.low | uint64_t{gate.middle} << 16 | uint64_t{gate.high} << 32;
  return entry == reinterpret_cast<uintptr_t>(&ebpf_breakpoint_entry) &&
         (gate.attributes & kTypeAndStack) == kInterruptGate;
}

}  // namespace

int StartServices() {
  constexpr int kMinusNoMemory = -12;
  constexpr int kMinusInvalid = -22;
  if (!HasBreakpointGate()) {
    return kMinusInvalid;
  }
  MeasureClock();
  OpenSymbols();
  FindPreemptionCounter();
  if (!PrepareTextAlias() || !StartWorker()) {
    return kMinusNoMemory;
  }
  return 0;
}

}  // namespace ebpf::dragonos
