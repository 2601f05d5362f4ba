// SPDX-License-Identifier: MIT
//
// The contract that every port passes (core/selftest), in the real
// Hermit.
#include "core/selftest/contract.h"
#include "core/selftest/planted_breakpoint.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/test.h"
#include "testing/hermit/application/application.h"
#include "testing/hermit/port/breakpoint_hook.h"
#include "testing/hermit/port/cpu.h"

namespace hermit {
namespace {

struct Body {
  void (*run)(void* argument) = nullptr;
  void* argument = nullptr;

  void Run() const { run(argument); }
};

constinit Body trap_body = {};

constinit ebpf::selftest::PlantedBreakpoint planted;

bool RunPlanted(ebpf::TakenFrame& regs) {
  return planted.Run(reinterpret_cast<ebpf::machine::PtRegs&>(regs));
}

bool RunTrapBody(ebpf::TakenFrame& regs) {
  if (trap_body.run == nullptr) {
    return false;
  }
  trap_body.Run();
  trap_body.run = nullptr;
  SkipBreakpoint(regs);
  return true;
}

void RunTask(uintptr_t argument) {
  LetInterruptsIn();
  reinterpret_cast<const Body*>(argument)->Run();
}

class HermitEnvironment final : public ebpf::selftest::Environment {
 public:
  constexpr HermitEnvironment() = default;

  void Begin(const char* name) override { guest::BeginTest(name); }
  void End() override { all_ok_ = guest::EndTest() && all_ok_; }
  void Fail(const char* file, int line, const char* what) override {
    guest::FailTest(file, line, what);
  }
  void Skip(const char* why) override { guest::SkipTest(why); }

  bool StartOn(uint32_t cpu, void (*body)(void* argument),
               void* argument) override {
    if (cpu != 0 || count_ == kMaxTasks) {
      return false;
    }
    bodies_[count_] = {body, argument};
    tasks_[count_] =
        Spawn(&RunTask, reinterpret_cast<uintptr_t>(&bodies_[count_]));
    if (tasks_[count_] < 0) {
      return false;
    }
    ++count_;
    return true;
  }

  void JoinTasks() override {
    while (count_ != 0) {
      sys_join(tasks_[--count_]);
    }
  }

  void Yield() override { sys_usleep(10'000); }

  bool CallInTrap(void (*body)(void* argument), void* argument) override {
    trap_body = {body, argument};
    const ScopedHook hook(&RunTrapBody);
    HitBreakpoint();
    return trap_body.run == nullptr;
  }

  bool HookTrap(TrapHook hook, void* argument) override {
    if (!planted.Plant(hook, argument)) {
      return false;
    }
    SetHook(&RunPlanted);
    return true;
  }
  void UnhookTrap() override {
    planted.Remove();
    SetHook(nullptr);
  }

  bool InterruptsMasked() override { return hermit::InterruptsMasked(); }

  // This task's stack, which lives as long as the image.
  uintptr_t UnmappedPage() override {
    if (hole_ == 0) {
      hole_ = HoleBehindTheStack();
    }
    return hole_;
  }

  Attempt TryWrite(uintptr_t address) override {
    return IsWritable(address) ? Attempt::kDone : Attempt::kFaulted;
  }

  // Its loader maps the image to be read, written and executed.
  bool MayWriteWhatRuns() override { return true; }

  void BeforeCall(uintptr_t /*address*/, size_t /*size*/) override {}

  uint64_t AllocatedBytes() override { return guest::Balance().bytes; }

  bool all_ok() const { return all_ok_; }

 private:
  static constexpr size_t kMaxTasks = 8;

  bool all_ok_ = true;
  Body bodies_[kMaxTasks] = {};
  int32_t tasks_[kMaxTasks] = {};
  size_t count_ = 0;
  uintptr_t hole_ = 0;
};

constinit HermitEnvironment environment;

}  // namespace

bool RunApplication() {
  if (!PortIsUp()) {
    return false;
  }
  ebpf::selftest::RunContract(environment);
  return environment.all_ok();
}

}  // namespace hermit
