// SPDX-License-Identifier: MIT
#include "arch/x86_64/machine/system_registers.h"
#include "testing/services/counter.h"

uint64_t ebpf::ReadCounter() { return x86_64::ReadCycles(); }
