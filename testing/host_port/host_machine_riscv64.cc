// SPDX-License-Identifier: MIT
//
// RISC-V: what the CPU has is found by trying.
#include <setjmp.h>
#include <signal.h>

#include "arch/riscv64/machine_ops.h"
#include "arch/riscv64/macro_assembler.h"
#include "testing/host_port/host_machine.h"

namespace ebpf {

namespace {

sigjmp_buf illegal;

/// Whether `execute` meets no instruction that this CPU does not know.
bool Knows(void (*execute)()) {
  struct sigaction act = {};
  struct sigaction old = {};
  act.sa_handler = [](int) { siglongjmp(illegal, 1); };
  sigaction(SIGILL, &act, &old);
  const bool knows = sigsetjmp(illegal, 1) == 0;
  if (knows) {
    execute();
  }
  sigaction(SIGILL, &old, nullptr);
  return knows;
}

uint64_t Detect() {
  uint64_t features = 0;
  // sh1add a0, a0, a0
  if (Knows([] { asm volatile(".word 0x20a52533" ::: "a0"); })) {
    features |= riscv64::kFeatureZba;
  }
  // rev8 a0, a0
  if (Knows([] { asm volatile(".word 0x6b855513" ::: "a0"); })) {
    features |= riscv64::kFeatureZbb;
  }
  return features;
}

}  // namespace

const machine::MachineOps& ThisMachine() { return riscv64::kMachineOps; }

uint64_t ThisCpuFeatures() {
  static const uint64_t features = Detect();
  return features;
}

}  // namespace ebpf
