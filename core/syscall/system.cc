// SPDX-License-Identifier: MIT
//
// core/syscall/system.h's implementation.
#include "core/syscall/system.h"

#include "core/base/atomic.h"
#include "core/helpers/trace_log.h"
#include "core/interpreter/interpreter.h"
#include "core/probes/kprobe.h"
#include "core/program/run_context.h"
#include "core/sync/read_section.h"

namespace ebpf {
namespace {

constinit System system_storage = {};
/// Points to system_storage while the subsystem runs.
constinit Atomic<const System*> running_system{nullptr};

Status InitModules(const machine::MachineOps& machine, Allocator& allocator) {
  if (!InitReadSections()) {
    return Status::kNoMemory;
  }
  Status status = InitRunContexts(allocator);
  if (IsOk(status)) {
    status = InitTraceLog(allocator);
    if (IsOk(status)) {
      status = InitProbes(machine, allocator);
      if (IsOk(status)) {
        return Status::kOk;
      }
      ExitTraceLog();
    }
    ExitRunContexts();
  }
  ExitReadSections();
  return status;
}

}  // namespace

Status InitSystem(const machine::MachineOps& machine) {
  if (RunningSystem() != nullptr) {
    return Status::kExists;
  }
  Allocator& allocator = PortAllocator();
  EBPF_TRY(InitModules(machine, allocator));
  system_storage = {&machine, &InterpreterEngine(), &allocator};
  // Releases system_storage: pairs with the acquire in RunningSystem.
  running_system.Store(&system_storage, kRelease);
  return Status::kOk;
}

void ExitSystem() {
  running_system.Store(nullptr, kRelease);
  ExitProbes();
  ExitTraceLog();
  ExitRunContexts();
  ExitReadSections();
}

const System* RunningSystem() { return running_system.Load(kAcquire); }

}  // namespace ebpf
