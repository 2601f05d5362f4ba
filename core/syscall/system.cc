// SPDX-License-Identifier: MIT
//
// core/syscall/system.h's implementation.
#include "core/syscall/system.h"

#include "core/base/atomic.h"
#include "core/base/text_writer.h"
#include "core/files/pin_store.h"
#include "core/helpers/kernel_btf.h"
#include "core/helpers/override.h"
#include "core/helpers/trace_log.h"
#include "core/interpreter/interpreter.h"
#include "core/jit/jit.h"
#include "core/machine/function_entry.h"
#include "core/objects/cgroup_programs.h"
#include "core/objects/kernel_types.h"
#include "core/platform/log.h"
#include "core/probes/kprobe.h"
#include "core/program/run_context.h"
#include "core/sync/read_section.h"
#include "core/tracepoints/probe_events.h"
#include "core/tracepoints/static_key.h"
#include "core/tracepoints/trace_instance.h"
#include "core/tracepoints/tracepoint.h"

namespace ebpf {
namespace {

constinit System system_storage = {};
/// What programs are loaded for, and what it could be.
constinit Atomic<Engine*> loading_engine{nullptr};
constinit Engine* compiler = nullptr;  // null: there is none
/// Points to system_storage while the subsystem runs.
constinit Atomic<const System*> running_system{nullptr};
/// A breakpoint has outlived the last ExitSystem: its hits are read sections.
constinit bool read_sections_stay = false;

/// What programs are attached to.
Status InitEvents(const machine::MachineOps& machine, Allocator& allocator) {
  EBPF_TRY(InitProbes(machine, allocator));
  Status status = InitStaticKeys(machine, allocator);
  if (IsOk(status)) {
    status = InitTracepoints(allocator);
    if (IsOk(status)) {
      status = InitTrace(allocator);
      if (IsOk(status)) {
        ProbeEvents::Init(machine.registers, allocator);
        return Status::kOk;
      }
      ExitTracepoints();
    }
    ExitStaticKeys();
  }
  (void)ExitProbes();  // there were none yet
  return status;
}

/// Whether no breakpoint was left.
bool ExitEvents() {
  ExitTrace();
  ProbeEvents::Exit();
  ExitTracepoints();
  ExitStaticKeys();
  return ExitProbes();
}

Status InitModules(const machine::MachineOps& machine, Allocator& allocator) {
  if (!read_sections_stay && !InitReadSections()) {
    return Status::kNoMemory;
  }
  // From here on the start's own end sees to them.
  const bool were_there = Exchange(read_sections_stay, false);
  Status status = InitRunContexts(allocator);
  if (IsOk(status)) {
    status = InitTraceLog(allocator);
    if (IsOk(status)) {
      status = InitEvents(machine, allocator);
      if (IsOk(status)) {
        return Status::kOk;
      }
      ExitTraceLog();
    }
    ExitRunContexts();
  }
  if (were_there) {
    read_sections_stay = true;
  } else {
    ExitReadSections();
  }
  return status;
}

/// Gives a kernel that runs programs its types, if it brings none.
Status SetTypes(System& system) {
  if (system.kernel.btf != nullptr ||
      system.kernel.profile != verifier::Profile::kPort) {
    return Status::kOk;
  }
  Ref<btf::BtfObject> types =
      EBPF_TRY(btf::BtfObject::Create(KernelTypes(), *system.allocator));
  btf::BtfIds().Add(*types);
  system.kernel.btf = &types->btf();
  system.kernel_types = types.Leak();
  return Status::kOk;
}

void ExitModules() {
  ExitTraceLog();
  ExitJit();
  ExitRunContexts();
  if (!read_sections_stay) {
    ExitReadSections();
  }
}

void LogEngine(const machine::MachineOps& machine, bool compiles) {
  char line[96];
  TextWriter writer(line, sizeof(line));
  writer.Put("ebpf: programs are ");
  if (compiles) {
    writer.Put("compiled for ").Put(machine.name);
  } else {
    writer.Put("interpreted: ")
        .Put(compiler != nullptr ? "the compiler is switched off"
             : machine.compiler->compile == nullptr ? "there is no compiler"
                                                    : "no executable memory");
  }
  writer.Put("\n");
  ebpf_port_log(line, writer.text().size());
}

void Select(bool compile, bool blind_constants) {
  SetJitBlinding(blind_constants);
  loading_engine.Store(compile ? compiler : &InterpreterEngine(), kRelease);
  LogEngine(*system_storage.machine, compile);
}

}  // namespace

// Pairs with the release in Select.
Engine& System::engine() const { return *loading_engine.Load(kAcquire); }

Status SelectEngine(bool compile, bool blind_constants) {
  if (RunningSystem() == nullptr) {
    return Status::kNotImplemented;
  }
  if (compile && compiler == nullptr) {
    return Status::kNotSupported;
  }
  Select(compile, blind_constants);
  return Status::kOk;
}

Status InitSystem(const machine::MachineOps& machine,
                  const EngineOptions& options, const KernelView& kernel) {
  if (RunningSystem() != nullptr) {
    return Status::kExists;
  }
  Allocator& allocator = PortAllocator();
  EBPF_TRY(InitModules(machine, allocator));
  compiler = InitJit(machine, options.cpu_features, allocator);
  system_storage = {&machine, &allocator, kernel};
  const Status types = SetTypes(system_storage);
  if (!IsOk(types)) {
    read_sections_stay = !ExitEvents();
    ExitModules();
    return types;
  }
  SetKernelBtf(system_storage.kernel.btf);
  SetOverrides(machine::ReturnAtOnce, machine::SetReturnValue);
  Select(compiler != nullptr && !options.interpret, options.blind_constants);
  // Releases system_storage: pairs with the acquire in RunningSystem.
  running_system.Store(&system_storage, kRelease);
  return Status::kOk;
}

void ExitSystem() {
  running_system.Store(nullptr, kRelease);
  Pins().Clear();
  RemoveAllCgroups();
  SetKernelBtf(nullptr);
  if (btf::BtfObject* types = Exchange(system_storage.kernel_types, nullptr)) {
    types->Release();
  }
  read_sections_stay = !ExitEvents();
  ExitModules();
}

ConstBytes KernelTypeBytes() {
  const System* system = RunningSystem();
  return system != nullptr && system->has_own_types()
             ? system->kernel_types->bytes()
             : ConstBytes();
}

const System* RunningSystem() { return running_system.Load(kAcquire); }

}  // namespace ebpf
