// SPDX-License-Identifier: MIT
//
// Breakpoints and faults of the host port: SIGTRAP, SIGSEGV and their like as
// the traps of a kernel, on an x86-64 host.
#pragma once

#include <stdint.h>

#include "arch/x86_64/pt_regs.h"
#include "core/base/types.h"
#include "core/machine/machine_ops.h"

namespace ebpf {

/// The host's CPU, whose pt_regs are x86_64::PtRegs.
const machine::MachineOps& HostMachineOps();

/// While one lives, INT3 and faults of all threads are handled as a port would:
/// OnBreakpoint and OnFault get Linux's pt_regs, with IF as the thread's
/// interrupt state. What nobody claims ends the process.
class HostTraps : public NonCopyable {
 public:
  HostTraps();
  ~HostTraps();
};

/// Attaches and detaches a probe that takes a slot: the page of slots that is
/// kept from then on is none of a later probe's. For who counts memory. Once
/// probes can be attached.
void KeepASlotPage();

/// Breakpoints that were hit, ever.
uint64_t HostBreakpointCount();

/// What a port does wrong in its traps, for who sees that it is found.
struct HostTrapMistake {
  /// Changes what is made of the frame, before it is handed over.
  void (*before)(x86_64::PtRegs& regs) = nullptr;
  /// Changes what goes back: `interrupted` is what came.
  void (*after)(const x86_64::PtRegs& interrupted,
                x86_64::PtRegs& regs) = nullptr;
  /// Of faults, not of breakpoints.
  bool in_faults = false;
  /// The handler runs with interrupts as they were.
  bool lets_interrupts_in = false;
  /// A fault that nobody claims is taken for one that was helped out.
  bool takes_all_faults = false;
};
/// Null: none.
void SetHostTrapMistake(const HostTrapMistake* mistake);

/// What gets single-step traps (TF), and faults that neither OnFault nor the
/// fault-safe copy claims; true: go on with `regs`. Null: nobody.
void SetHostStepHook(bool (*hook)(x86_64::PtRegs& regs));
void SetHostFaultHook(bool (*hook)(x86_64::PtRegs& regs));

}  // namespace ebpf
