// SPDX-License-Identifier: MIT
//
// What the tests of probes need of CPU and port: one source for each image.
#pragma once

#include <stdint.h>

#include "core/machine/machine_ops.h"
#include "core/machine/pt_regs.h"

namespace guest::probes {

/// Makes the port's services work; false if they do not. Context: task, once.
bool StartPort();

/// This CPU's, for ebpf::InitProbes().
const ebpf::machine::MachineOps& Machine();

/// The `index`-th argument of a function whose first instruction is reached.
uint64_t Argument(const ebpf::machine::PtRegs& regs, unsigned index);
void SetArgument(ebpf::machine::PtRegs& regs, unsigned index, uint64_t value);

/// What a function has returned, right behind its call.
uint64_t ReturnValue(const ebpf::machine::PtRegs& regs);

/// Makes the function return `value` to its caller without running.
void ReturnAtOnce(ebpf::machine::PtRegs& regs, uint64_t value);

uint64_t Pc(const ebpf::machine::PtRegs& regs);

/// The function that machine::TryLoad8() calls, whose first instruction is the
/// load that may fault.
extern const char kTryLoadSymbol[];

}  // namespace guest::probes
