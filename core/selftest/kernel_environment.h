// SPDX-License-Identifier: MIT
//
// The contract tests' environment in any kernel: what it gives by
// ebpf_selftest_kernel, its log, and a probe for what runs in a trap.
#pragma once

#include "core/base/atomic.h"
#include "core/memory/ref_counted.h"
#include "core/probes/kprobe.h"
#include "core/selftest/environment.h"
#include "core/selftest/kernel_descriptors.h"
#include "core/selftest/selftest.h"

namespace ebpf::selftest {

class KernelEnvironment final : public Environment {
 public:
  /// `kernel` outlives it.
  explicit KernelEnvironment(const ebpf_selftest_kernel& kernel)
      : kernel_(kernel), descriptors_(kernel) {}
  ~KernelEnvironment();

  void Begin(const char* name) override;
  void End() override {}
  void Fail(const char* file, int line, const char* what) override;
  void Skip(const char* why) override;
  bool StartOn(uint32_t cpu, void (*body)(void* argument),
               void* argument) override;
  void JoinTasks() override;
  void Yield() override;
  uint32_t Patches() override {
    return kernel_.patches != 0 ? kernel_.patches : 2'000;
  }
  bool TimersInterrupt() override { return !kernel_.timers_wait_for_yield; }
  bool CallInTrap(void (*body)(void* argument), void* argument) override;
  bool HookTrap(TrapHook hook, void* argument) override;
  void UnhookTrap() override;
  bool InterruptsMasked() override;
  uintptr_t UnmappedPage() override;
  Attempt TryWrite(uintptr_t address) override;
  Attempt TryOwnWrite(uintptr_t address) override;
  bool MayWriteWhatRuns() override { return kernel_.writes_what_runs; }
  void BeforeCall(uintptr_t address, size_t size) override;
  Descriptors* descriptors() override { return &descriptors_; }
  uint64_t AllocatedBytes() override;

 private:
  /// Lines about one case: a loop that fails would fill the log.
  static constexpr uint32_t kMostFailures = 4;

  /// Runs a body at the next hit. One case runs at a time, and so does this.
  class BodyInTrap final : public KprobeConsumer {
   public:
    /// False if nothing was hit.
    bool Run(void (*body)(void* argument), void* argument);
    void Hit(machine::PtRegs& regs) override;

   private:
    Atomic<void (*)(void* argument)> body_{nullptr};
    void* argument_ = nullptr;
  };

  /// Gives each hit to a hook.
  class HookInTrap final : public KprobeConsumer {
   public:
    HookInTrap() { SetMayDivert(true); }
    void Set(TrapHook hook, void* argument) {
      hook_ = hook;
      argument_ = argument;
    }
    void Hit(machine::PtRegs& regs) override { hook_(argument_, regs); }

   private:
    TrapHook hook_ = nullptr;
    void* argument_ = nullptr;
  };

  bool Probe();

  const ebpf_selftest_kernel& kernel_;
  KernelDescriptors descriptors_;
  BodyInTrap in_trap_;
  Ref<Kprobe> probe_;
  HookInTrap hook_in_trap_;
  Ref<Kprobe> hook_probe_;
  const char* name_ = "";
  Atomic<uint32_t> failures_{0};
};

}  // namespace ebpf::selftest
