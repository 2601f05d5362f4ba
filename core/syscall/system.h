// SPDX-License-Identifier: MIT
//
// The subsystem as a whole: what ebpf_init made of the port's choices.
#pragma once

#include "core/base/status.h"
#include "core/machine/machine_ops.h"
#include "core/memory/allocator.h"
#include "core/program/engine.h"

namespace ebpf {

struct System {
  const machine::MachineOps* machine;
  Engine* engine;
  Allocator* allocator;
};

/// Starts the subsystem on this CPU type. kExists when it runs already,
/// kNoMemory. Context: task, once at boot.
Status InitSystem(const machine::MachineOps& machine);

/// Ends it: nothing of it is open or attached any more, no program runs. A
/// breakpoint that could not be taken away because a CPU does not come stays,
/// harmless, with what it needs; another start finds it. Context: task.
void ExitSystem();

/// The running subsystem, or null before InitSystem. Context: any.
const System* RunningSystem();

}  // namespace ebpf
