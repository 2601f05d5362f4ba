// SPDX-License-Identifier: MIT
#include "testing/guest/probes/load.h"

#include "core/base/memory.h"
#include "core/base/text_writer.h"
#include "core/platform/cpu.h"
#include "core/platform/defer.h"
#include "core/platform/exec.h"
#include "core/platform/features.h"
#include "core/platform/memory.h"
#include "core/platform/nofault.h"
#include "core/platform/symbols.h"
#include "core/platform/task.h"
#include "core/platform/text.h"
#include "core/platform/time.h"
#include "core/probes/kprobe.h"
#include "core/probes/probe_list.h"
#include "core/probes/return_hook.h"
#include "testing/guest/kernel/event.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/workload.h"

/// The load's own function to probe: counts down.
extern "C" [[gnu::noinline]] uint64_t probed_by_load(uint64_t n, uint64_t sum) {
  asm volatile("" : "+r"(n), "+r"(sum));
  return n == 0 ? sum : probed_by_load(n - 1, sum + n) + (sum & 1);
}

namespace guest::probes {
namespace {

using ebpf::Kprobe;
using ebpf::Ref;
using ebpf::machine::PtRegs;

constexpr char kOwnName[] = "probed_by_load";
constexpr size_t kOwnNameSize = sizeof kOwnName - 1;

class Counter final : public ebpf::KprobeConsumer, public ebpf::ReturnConsumer {
 public:
  void Hit(PtRegs& /*regs*/) override { Count(); }
  void Returned(PtRegs& /*regs*/, const ebpf::ReturnedCall& /*call*/) override {
    Count();
  }
  ebpf::ConsumerInfo Info() const override { return {}; }
  uint64_t hits() const { return hits_.Load(ebpf::kRelaxed); }

 private:
  void Count() { hits_.FetchAdd(1, ebpf::kRelaxed); }
  ebpf::Atomic<uint64_t> hits_{0};
};

void SetEvent(void* event) { static_cast<Event*>(event)->Set(); }

}  // namespace

bool Load::Start() {
  if (!StartWorkload(UINT32_MAX)) {
    return false;
  }
  thread_ = Spawn("load", OnlineCpus() - 1, Run, this);
  return thread_ != nullptr;
}

void Load::Stop() {
  stop_.Store(true, ebpf::kRelaxed);
  if (thread_ != nullptr) {
    Join(ebpf::Exchange(thread_, nullptr));
  }
  StopWorkload();
  while (WorkloadRunning()) {
    YieldOrWait();
  }
}

void Load::Run(void* self) {
  auto& load = *static_cast<Load*>(self);
  while (!load.stop_.Load(ebpf::kRelaxed)) {
    load.Turn();
    load.turns_.FetchAdd(1, ebpf::kRelaxed);
    Yield();
  }
}

void Load::Turn() {
  UseKernel();
  UsePort();
  UseSymbols();
  if (attaches_) {
    UseExecMemory();
    UseProbes();
    UseReturns();
  }
}

void Load::UseProbes() {
  Counter counter;
  auto one = ebpf::AttachKprobe(kOwnName, 0, 0, counter);
  Expect(one.ok());
  if (!one.ok()) {
    return;
  }
  const uint64_t addresses[] = {(*one)->address(), (*one)->address()};
  Ref<Kprobe> many[2];
  Expect(IsOk(ebpf::AttachKprobes(addresses, counter, many)));
  const bool enabled = IsOk(ebpf::EnableKprobes(many));
  Expect(!enabled || IsOk((*one)->Enable()));
  Expect(probed_by_load(2, 0) == 3);
  Expect(!enabled || counter.hits() + (*one)->missed() >= 1);
  ebpf::ProbeInfo infos[4];
  Expect(ebpf::ListProbes({}, infos) >= 1);
  (*one)->Disable();
  (*one)->Detach();
  ebpf::DetachKprobes(many);
}

void Load::UseReturns() {
  Counter counter;
  ebpf::ReturnHook hook(counter);
  Expect(IsOk(ebpf::ReturnHook::Prepare()));
  auto probe = ebpf::AttachKprobe(kOwnName, 0, 0, hook);
  Expect(probe.ok());
  if (probe.ok()) {
    const bool enabled = IsOk((*probe)->Enable());
    Expect(probed_by_load(3, 0) == 8);
    Expect(!enabled || counter.hits() + hook.missed() + (*probe)->missed() > 0);
    (*probe)->Detach();
  }
  hook.Cancel();
}

void Load::UseSymbols() {
  ebpf_symbol symbol = {};
  Expect(ebpf_port_symbol_by_name(kOwnName, kOwnNameSize, &symbol));
  Expect(ebpf_port_symbol_by_address(symbol.address + 1, &symbol));
  char name[32];
  Expect(ebpf_port_symbol_name(&symbol, name, sizeof name) == kOwnNameSize);
  Expect(!ebpf_port_symbol_by_name("no such function", 16, &symbol));
  uint64_t position = 0;
  for (int i = 0; i < 4; ++i) {
    Expect(ebpf_port_symbol_next(&position, &symbol));
  }
  (void)ebpf::CheckKprobe(symbol.address + 1);
  (void)ebpf::OriginalPc(symbol.address);
}

void Load::UsePort() {
  constexpr size_t kSizes[] = {24, 700, 20 << 10};
  for (const size_t size : kSizes) {
    void* memory = ebpf_port_alloc(size, 16);
    Expect(memory != nullptr);
    if (memory != nullptr) {
      ebpf_port_free(memory, size, 16);
    }
  }
  const auto own = reinterpret_cast<uintptr_t>(&probed_by_load);
  uint64_t value = 0;
  Expect(ebpf_port_read_nofault(&value, reinterpret_cast<uintptr_t>(&own), 8));
  Expect(value == own);
  Expect(!ebpf_port_read_nofault(&value, 8, 8));
  Expect(ebpf_port_write_nofault(reinterpret_cast<uintptr_t>(&value), &own,
                                 8) == 0);
  Expect(ebpf_port_write_nofault(8, &own, 8) != 0);
  uint32_t pid = 0;
  uint32_t tgid = 0;
  ebpf_port_task_ids(&pid, &tgid);
  char comm[16];
  (void)ebpf_port_task_comm(comm, sizeof comm);
  Expect(ebpf_port_time_ns() != 0 && ebpf_port_cpu_count() != 0);
  (void)ebpf_port_random();
  (void)ebpf_port_features();
  (void)ebpf_port_may_override(own);
}

void Load::UseExecMemory() {
  const auto own = reinterpret_cast<uintptr_t>(&probed_by_load);
  void* code = ebpf_port_exec_alloc(64, own, uint64_t{1} << 31);
  if (code != nullptr) {
    const uint8_t bytes[16] = {};
    (void)ebpf_port_exec_write(code, bytes, sizeof bytes);
    ebpf_port_exec_free(code, 64);
  }
}

void Load::UseKernel() {
  Event event;
  const uint32_t cpu = machine::CpuId();
  Thread* thread = Spawn("short", cpu, SetEvent, &event);
  Expect(thread != nullptr);
  if (thread != nullptr) {
    event.Wait();
    Join(thread);
  }
  uint8_t byte = 0;
  Expect(machine::TryLoad8(reinterpret_cast<uintptr_t>(&byte), &byte));
  Expect(machine::TryStore8(reinterpret_cast<uintptr_t>(&byte), 1));
  Expect(!machine::TryLoad8(16, &byte) && !machine::TryStore8(16, 1));
  // Where nothing is: some kernels may execute all that is there.
  Expect(!machine::TryCall(16));
  // Above all RAM that an image gets.
  const uintptr_t alias =
      machine::DirectMapBase() + (uintptr_t{1} << 33) + (uintptr_t{cpu} << 21);
  machine::Mapping mapping = {};
  Expect(
      machine::Query(reinterpret_cast<uintptr_t>(&machine::kName), &mapping) &&
      machine::Map(alias, mapping.phys & ~(kPageSize - 1), kPageSize,
                   machine::kReadOnly));
  machine::Unmap(alias, kPageSize);
  char line[80];
  ebpf::TextWriter text(line, sizeof line);
  text.Put("load ").PutHex(alias).Put(" ").PutSigned(-1).PutUnsigned(cpu);
  Expect(text.text().size() > 10 && Balance().bytes != 0);
  PreemptDisable();
  PreemptEnable();
  SafePoint();
}

}  // namespace guest::probes
