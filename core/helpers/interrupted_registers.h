// SPDX-License-Identifier: MIT
//
// The registers of what a program that looks at the kernel interrupted.
#pragma once

#include "core/machine/pt_regs.h"
#include "core/program/program.h"
#include "core/program/run_context.h"

namespace ebpf::helpers {

/// They are, or stand first in, what programs of these types are given; at a
/// trace event there is their address. Null: nobody knows them. Context: any.
inline const machine::PtRegs* InterruptedRegisters(const RunContext& run,
                                                   uint64_t context) {
  switch (run.program->type().id) {
    case ProgramTypeId::kKprobe:
    case ProgramTypeId::kPerfEvent:
      return reinterpret_cast<const machine::PtRegs*>(context);
    case ProgramTypeId::kTracepoint:
      return *reinterpret_cast<const machine::PtRegs* const*>(context);
    default:
      return nullptr;
  }
}

}  // namespace ebpf::helpers
