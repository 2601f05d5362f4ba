// SPDX-License-Identifier: MIT
//
// The bare vector of RISC-V: another stvec.
#include "testing/guest/kernel/machine.h"
#include "testing/guest/probe_bench/subjects.h"

extern "C" void bench_bare_vector();

namespace guest::probe_bench {

BareVector::BareVector() : interrupts_(machine::IrqSave()) {
  asm volatile("csrrw %0, stvec, %1"
               : "=r"(saved_[0])
               : "r"(&bench_bare_vector)
               : "memory");
}

BareVector::~BareVector() {
  asm volatile("csrw stvec, %0" : : "r"(saved_[0]) : "memory");
  machine::IrqRestore(interrupts_);
}

}  // namespace guest::probe_bench
