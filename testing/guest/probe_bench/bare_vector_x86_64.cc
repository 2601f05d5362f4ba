// SPDX-License-Identifier: MIT
//
// The bare vector of x86-64: a gate for #BP of its own.
#include "testing/guest/kernel/machine.h"
#include "testing/guest/probe_bench/subjects.h"

extern "C" void bench_bare_vector();

namespace guest::probe_bench {
namespace {

/// An interrupt gate: the handler's address in three parts, and more.
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

Gate& BreakpointGate() {
  TableRegister table;
  asm volatile("sidt %0" : "=m"(table));
  constexpr unsigned kBreakpoint = 3;
  return reinterpret_cast<Gate*>(table.base)[kBreakpoint];
}

uint64_t HandlerOf(const Gate& gate) {
  return gate.low | uint64_t{gate.middle} << 16 | uint64_t{gate.high} << 32;
}

void SetHandler(Gate& gate, uint64_t handler) {
  gate.low = static_cast<uint16_t>(handler);
  gate.middle = static_cast<uint16_t>(handler >> 16);
  gate.high = static_cast<uint32_t>(handler >> 32);
}

}  // namespace

BareVector::BareVector() : interrupts_(machine::IrqSave()) {
  saved_[0] = HandlerOf(BreakpointGate());
  SetHandler(BreakpointGate(), reinterpret_cast<uint64_t>(&bench_bare_vector));
}

BareVector::~BareVector() {
  SetHandler(BreakpointGate(), saved_[0]);
  machine::IrqRestore(interrupts_);
}

}  // namespace guest::probe_bench
