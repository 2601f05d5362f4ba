// SPDX-License-Identifier: MIT
//
// libFuzzer over the system calls: a process makes any calls with any
// arguments. Nothing panics, no memory is touched that is not the process's,
// and afterwards nothing is left.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/files/client.h"
#include "core/files/pin_store.h"
#include "core/memory/allocator.h"
#include "core/probes/return_hook.h"
#include "core/syscall/system.h"
#include "core/tracepoints/probe_events.h"
#include "core/tracepoints/trace_instance.h"
#include "testing/fuzzing/calls_memory.h"
#include "testing/fuzzing/calls_process.h"
#include "testing/host_port/host_defer.h"
#include "testing/host_port/host_memory.h"
#include "testing/host_port/host_text.h"
#include "testing/host_port/host_trap.h"
#include "testing/host_port/host_user.h"

namespace {

using namespace ebpf::calls_fuzz;  // NOLINT: a part of it
using ebpf::Client;
using ebpf::HostUserMemory;

// push rbp; mov rbp, rsp; lea rax, [rdi + rsi]; pop rbp; ret
constexpr uint8_t kAdd[] = {0x55, 0x48, 0x89, 0xe5, 0x48,
                            0x8d, 0x04, 0x37, 0x5d, 0xc3};

void PrintCounters() {
  std::printf(
      "inputs %llu, calls %llu, succeeded %llu, programs loaded %llu, events "
      "opened %llu, BTFs loaded %llu, iterators opened %llu, links to many "
      "%llu\n",
      static_cast<unsigned long long>(counters.inputs),
      static_cast<unsigned long long>(counters.calls),
      static_cast<unsigned long long>(counters.succeeded),
      static_cast<unsigned long long>(counters.programs),
      static_cast<unsigned long long>(counters.events),
      static_cast<unsigned long long>(counters.types),
      static_cast<unsigned long long>(counters.iterators),
      static_cast<unsigned long long>(counters.links_to_many));
}

/// What the first program that prints switches on stays.
void StartTrace() {
  Expect(IsOk(ebpf::SwitchOnTracePrintk()), "programs may print");
}

/// What is set in the trace's files, and probes that have names, outlive their
/// process.
void RestartTrace() {
  ebpf::ExitTrace();
  Expect(IsOk(ebpf::ProbeEvents::Clear()), "nobody uses a named probe");
  Expect(IsOk(ebpf::InitTrace(ebpf::PortAllocator())), "there is memory");
  StartTrace();
}

/// The fake kernel, from the first input on.
struct Kernel {
  Kernel() : text(kFunction, kAdd) {
    Expect(IsOk(ebpf::InitSystem(ebpf::HostMachineOps())), "the system starts");
    ebpf::KeepASlotPage();
    // What all returns share stays once it is there.
    Expect(IsOk(ebpf::ReturnHook::Prepare()), "there is memory");
    StartTrace();
  }

  ebpf::HostTraps traps;
  ebpf::HostText text;
};

void RunProcess(Kernel& kernel, Source& source) {
  HostUserMemory memory(kUserSize);
  Furnish(memory);
  const ebpf::Result<Client*> client =
      Client::Create(ebpf::Origin::kUser, ebpf::PortAllocator());
  Expect(client.ok(), "there is memory");
  Process process(source, memory, **client);
  auto* function = kernel.text.As<uint64_t(uint64_t, uint64_t)>();
  for (int i = 0; i < 64 && !source.empty(); ++i) {
    process.MakeOneCall();
    // Whatever is attached now runs.
    Expect(function(40, 2) == 42, "a probed function does its work");
  }
  (*client)->Delete();
  ebpf::Pins().Clear();  // what has a name outlives its process
  RestartTrace();
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  std::atexit(PrintCounters);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* const kernel = new Kernel;
  const uint64_t bytes = ebpf::PortAllocatedBytes();
  const uint64_t exec_bytes = ebpf::HostExecBytes();
  ++counters.inputs;
  Source source(data, size);
  RunProcess(*kernel, source);
  ebpf::RunHostDeferred();  // some things go later
  Expect(ebpf::PortAllocatedBytes() == bytes, "all memory is given back");
  Expect(ebpf::HostExecBytes() == exec_bytes, "all slots are given back");
  Expect(memcmp(kernel->text.bytes().data(), kAdd, sizeof(kAdd)) == 0,
         "the text is as it was");
  return 0;
}
