// SPDX-License-Identifier: MIT
//
// The subsystem as a whole: what ebpf_init made of the port's choices.
#pragma once

#include "core/base/status.h"
#include "core/btf/btf_object.h"
#include "core/machine/machine_ops.h"
#include "core/memory/allocator.h"
#include "core/program/engine.h"
#include "core/verifier/verifier.h"

namespace ebpf {

/// What kernel the subsystem is part of, or judges programs for.
struct KernelView {
  /// kLinux: programs are judged by all that Linux has, and never run.
  verifier::Profile profile = verifier::Profile::kPort;
  /// The kernel's own types, which outlive the subsystem. Null: a kernel that
  /// runs programs has core's (core/objects/kernel_types.h) and so iterators,
  /// one that judges them has none.
  const btf::Btf* btf = nullptr;
  /// Its functions for programs, of which `btf` has the prototypes: Linux's, or
  /// a port's own chained before those.
  const KfuncTable* kfuncs = &kLinuxKfuncs;
  /// Linux's kernel.unprivileged_bpf_disabled = 0: clients without any
  /// capability may make some maps, and load some types of program.
  bool allows_unprivileged = false;
};

struct System {
  const machine::MachineOps* machine = nullptr;
  Allocator* allocator = nullptr;
  KernelView kernel;
  /// kernel.btf as an object with an id, where it is core's; else null. What
  /// programs see of objects is laid out as these say.
  btf::BtfObject* kernel_types = nullptr;
  bool has_own_types() const { return kernel_types != nullptr; }
  /// For programs that are loaded now; it may change. Context: any.
  Engine& engine() const;
};

/// How programs are to be executed.
struct EngineOptions {
  /// What this machine's CPUs have besides what all of their type do: bits of
  /// arch/<isa>/macro_assembler.h.
  uint64_t cpu_features = 0;
  /// Not compiled (Linux's bpf_jit_enable = 0).
  bool interpret = false;
  /// Constants do not appear in compiled programs (bpf_jit_harden).
  bool blind_constants = false;
};

/// Starts the subsystem on this CPU type, and says in the kernel's log how
/// programs are executed: compiled where there is executable memory, else
/// interpreted. kExists when it runs already, kNoMemory. Context: task, once at
/// boot.
Status InitSystem(const machine::MachineOps& machine,
                  const EngineOptions& options = {},
                  const KernelView& kernel = {});

/// For programs that are loaded from now on: whether they are compiled, and
/// whether constants then do not appear in them. Says so in the kernel's log.
/// kNotSupported without a compiler or executable memory, kNotImplemented
/// before InitSystem. Context: task.
Status SelectEngine(bool compile, bool blind_constants);

/// Ends it: nothing of it is open or attached any more, no program runs. A
/// breakpoint that could not be taken away because a CPU does not come stays,
/// harmless, with what it needs; another start finds it. Context: task.
void ExitSystem();

/// The blob of the running subsystem's own types; empty where it has none.
/// Context: any.
ConstBytes KernelTypeBytes();

/// The running subsystem, or null before InitSystem. Context: any.
const System* RunningSystem();

}  // namespace ebpf
