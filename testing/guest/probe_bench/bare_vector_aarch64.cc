// SPDX-License-Identifier: MIT
//
// The bare vector of AArch64: another table of vectors.
#include "testing/guest/kernel/machine.h"
#include "testing/guest/probe_bench/subjects.h"

extern "C" const char bench_bare_vectors[];

namespace guest::probe_bench {

BareVector::BareVector() : interrupts_(machine::IrqSave()) {
  asm volatile("mrs %0, vbar_el1" : "=r"(saved_[0]));
  asm volatile("msr vbar_el1, %0; isb" : : "r"(bench_bare_vectors) : "memory");
}

BareVector::~BareVector() {
  asm volatile("msr vbar_el1, %0; isb" : : "r"(saved_[0]) : "memory");
  machine::IrqRestore(interrupts_);
}

}  // namespace guest::probe_bench
