// SPDX-License-Identifier: MIT
//
// The registers of what a program that looks at the kernel interrupted.
#pragma once

#include "core/machine/pt_regs.h"
#include "core/program/perf_context.h"
#include "core/program/program.h"
#include "core/program/run_context.h"
#include "core/program/trace_context.h"

namespace ebpf::helpers {

struct InterruptedRegisters {
  const machine::PtRegs* regs = nullptr;  // or nobody knows them
  bool in_user = false;                   // they are a process's
};

/// They are what programs on kprobes are given; on a trace event they are made
/// up now. Context: any.
inline InterruptedRegisters FindRegisters(const RunContext& run,
                                          uint64_t context) {
  switch (run.program->type().id) {
    case ProgramTypeId::kKprobe:
      return {reinterpret_cast<const machine::PtRegs*>(context), false};
    case ProgramTypeId::kTracepoint:
      return {TraceContext::Of(context).registers->Find(), false};
    case ProgramTypeId::kPerfEvent: {
      const PerfContext& front = PerfContext::Of(context);
      return {front.regs, front.in_user != 0};
    }
    default:
      return {};
  }
}

}  // namespace ebpf::helpers
