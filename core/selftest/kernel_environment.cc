// SPDX-License-Identifier: MIT
//
// core/selftest/kernel_environment.h's implementation.
#include "core/selftest/kernel_environment.h"

#include "core/machine/trap_check.h"
#include "core/platform/cpu.h"
#include "core/platform/errors.h"
#include "core/platform/nofault.h"
#include "core/platform/task.h"
#include "core/platform/time.h"
#include "core/selftest/line.h"
#include "machine/interrupts.h"

/// What is probed. Nobody else calls it, so that nothing else is in its trap.
extern "C" [[gnu::noinline, gnu::used]] uint64_t ebpf_selftest_target(
    uint64_t value) {
  // Enough instructions that not all are prologue.
  asm volatile("" : "+r"(value) : : "memory");
  return value * 3 + 1;
}

namespace ebpf::selftest {
void KernelEnvironment::Begin(const char* name) {
  name_ = name;
  descriptors_.Begin();
  failures_.Store(0, kRelaxed);
}

void KernelEnvironment::Fail(const char* file, int line, const char* what) {
  if (failures_.FetchAdd(1, kRelaxed) >= kMostFailures) {
    return;
  }
  Line text;
  text.writer().Put("FAIL ").Put(name_).Put(" ").Put(file).Put(":");
  text.writer().PutUnsigned(static_cast<uint64_t>(line)).Put(": ").Put(what);
}

void KernelEnvironment::Skip(const char* why) {
  Line text;
  text.writer().Put("skip ").Put(name_).Put(": ").Put(why);
}

bool KernelEnvironment::StartOn(uint32_t cpu, void (*body)(void* argument),
                                void* argument) {
  return kernel_.start_task != nullptr &&
         kernel_.start_task(cpu, body, argument);
}

void KernelEnvironment::JoinTasks() {
  if (kernel_.join_tasks != nullptr) {
    kernel_.join_tasks();
  }
}

void KernelEnvironment::Yield() {
  if (kernel_.yield != nullptr) {
    kernel_.yield();
    return;
  }
  constexpr uint64_t kMomentNs = 1'000'000;
  (void)ebpf_port_task_pause();
  const uint64_t begin = ebpf_port_time_ns();
  while (ebpf_port_time_ns() - begin < kMomentNs) {
    ebpf_port_relax();
  }
}

KernelEnvironment::~KernelEnvironment() {
  if (probe_) {
    probe_->Detach();
  }
}

void KernelEnvironment::BodyInTrap::Hit(machine::PtRegs& /*regs*/) {
  // Of this CPU's own caller.
  if (void (*const body)(void*) = body_.Exchange(nullptr, kRelaxed)) {
    body(argument_);
  }
}

bool KernelEnvironment::BodyInTrap::Run(void (*body)(void* argument),
                                        void* argument) {
  argument_ = argument;
  body_.Store(body, kRelaxed);
  ebpf_selftest_target(1);
  return body_.Exchange(nullptr, kRelaxed) == nullptr;
}

/// A probe that stays for the rest of the test: a case may want its trap where
/// none can be attached.
bool KernelEnvironment::Probe() {
  if (probe_ || InterruptsMasked()) {
    return static_cast<bool>(probe_);
  }
  const auto address = reinterpret_cast<uint64_t>(&ebpf_selftest_target);
  Result<Ref<Kprobe>> probe = AttachKprobe({}, address, 0, in_trap_);
  if (!probe.ok() || !IsOk((*probe)->Enable())) {
    return false;
  }
  probe_ = Move(*probe);
  return true;
}

bool KernelEnvironment::CallInTrap(void (*body)(void* argument),
                                   void* argument) {
  return Probe() && in_trap_.Run(body, argument);
}

bool KernelEnvironment::HookTrap(TrapHook hook, void* argument) {
  hook_in_trap_.Set(hook, argument);
  const auto place = reinterpret_cast<uint64_t>(ebpf_trap_check_place);
  Result<Ref<Kprobe>> probe = AttachKprobe({}, place, 0, hook_in_trap_);
  if (!probe.ok() || !IsOk((*probe)->Enable())) {
    return false;
  }
  hook_probe_ = Move(*probe);
  return true;
}

void KernelEnvironment::UnhookTrap() {
  hook_probe_->Detach();
  hook_probe_ = {};
}

bool KernelEnvironment::InterruptsMasked() {
  return kernel_.interrupts_masked != nullptr ? kernel_.interrupts_masked()
                                              : machine::InterruptsMasked();
}

uintptr_t KernelEnvironment::UnmappedPage() {
  return kernel_.unmapped_page != nullptr ? kernel_.unmapped_page() : 0;
}

Environment::Attempt KernelEnvironment::TryWrite(uintptr_t address) {
  uint8_t byte = 0;
  if (!ebpf_port_read_nofault(&byte, address, 1)) {
    return Attempt::kUnknown;
  }
  switch (ebpf_port_write_nofault(address, &byte, 1)) {
    case 0:
      return Attempt::kDone;
    case kMinusFault:
      return Attempt::kFaulted;
    default:
      return Attempt::kUnknown;
  }
}

Environment::Attempt KernelEnvironment::TryOwnWrite(uintptr_t address) {
  if (kernel_.try_write == nullptr) {
    return Attempt::kUnknown;
  }
  return kernel_.try_write(address) ? Attempt::kDone : Attempt::kFaulted;
}

void KernelEnvironment::BeforeCall(uintptr_t address, size_t size) {
  if (kernel_.before_call != nullptr) {
    kernel_.before_call(address, size);
  }
}

uint64_t KernelEnvironment::AllocatedBytes() {
  return kernel_.allocated_bytes != nullptr ? kernel_.allocated_bytes() : 0;
}

}  // namespace ebpf::selftest
