// SPDX-License-Identifier: MIT
#include "arch/riscv64/machine/system_registers.h"
#include "testing/services/counter.h"

uint64_t ebpf::ReadCounter() { return riscv64::ReadTime(); }
