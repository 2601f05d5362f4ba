// SPDX-License-Identifier: MIT
//
// The guest's Environment. It also defines ebpf_on_breakpoint: an image with
// these tests has a port but no core.
#include "testing/guest/port_contract/guest_environment.h"

#include "core/base/atomic.h"
#include "core/capi/ebpf.h"
#include "core/selftest/contract.h"
#include "core/selftest/planted_breakpoint.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/ledger/ledger.h"
#include "testing/guest/port_contract/guest_services.h"
#include "testing/guest/port_contract/skip_breakpoint.h"

namespace guest {
namespace {

/// What the next breakpoint on a CPU runs.
struct TrapBody {
  void (*body)(void* argument) = nullptr;
  void* argument = nullptr;
};
constinit TrapBody trap_bodies[kMaxCpus] = {};

constinit ebpf::selftest::PlantedBreakpoint planted;

class GuestEnvironment final : public ebpf::selftest::Environment {
 public:
  constexpr GuestEnvironment() = default;

  void Begin(const char* name) override { BeginTest(name); }
  void End() override { all_ok_ = EndTest() && all_ok_; }

  void Fail(const char* file, int line, const char* what) override {
    FailTest(file, line, what);
  }
  void Skip(const char* why) override { SkipTest(why); }

  bool StartOn(uint32_t cpu, void (*body)(void* argument),
               void* argument) override {
    return StartTask(cpu, body, argument);
  }

  void JoinTasks() override { guest::JoinTasks(); }

  void Yield() override { YieldOrWait(); }

  bool CallInTrap(void (*body)(void* argument), void* argument) override {
    TrapBody& trap = trap_bodies[machine::CpuId()];
    trap = {body, argument};
    machine::Breakpoint();
    return trap.body == nullptr;
  }

  bool HookTrap(TrapHook hook, void* argument) override {
    return planted.Plant(hook, argument);
  }
  void UnhookTrap() override { planted.Remove(); }

  bool InterruptsMasked() override { return !machine::IrqsEnabled(); }

  uintptr_t UnmappedPage() override { return guest::UnmappedPage(); }

  Attempt TryWrite(uintptr_t address) override {
    const uint8_t byte = *reinterpret_cast<const uint8_t*>(address);
    return machine::TryStore8(address, byte) ? Attempt::kDone
                                             : Attempt::kFaulted;
  }

  Attempt TryOwnWrite(uintptr_t address) override {
    return machine::TryStore8(address, 0) ? Attempt::kDone : Attempt::kFaulted;
  }

  bool MayWriteWhatRuns() override { return guest::MayWriteWhatRuns(); }

  void BeforeCall(uintptr_t address, size_t size) override {
    ledger::CheckRun(address, size);
  }

  uint64_t AllocatedBytes() override { return Balance().bytes; }

  bool all_ok() const { return all_ok_; }

 private:
  bool all_ok_ = true;
};

constinit GuestEnvironment environment;

}  // namespace

bool RunPortContract() {
  ebpf::selftest::RunContract(environment);
  return environment.all_ok();
}

}  // namespace guest

extern "C" [[gnu::section("ebpf_noprobe")]] bool ebpf_on_breakpoint(
    ebpf_pt_regs* regs) {
  if (guest::planted.Run(*reinterpret_cast<ebpf::machine::PtRegs*>(regs))) {
    return true;
  }
  guest::TrapBody& trap = guest::trap_bodies[guest::machine::CpuId()];
  if (trap.body == nullptr) {
    return false;
  }
  trap.body(trap.argument);
  trap.body = nullptr;
  guest::SkipBreakpoint(regs);
  return true;
}

extern "C" [[gnu::section("ebpf_noprobe")]] bool ebpf_on_fault(
    ebpf_pt_regs* /*regs*/) {
  return false;
}

extern "C" bool ebpf_fix_fault(ebpf_pt_regs* /*regs*/) { return false; }
