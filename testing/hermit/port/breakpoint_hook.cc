// SPDX-License-Identifier: MIT
#include "testing/hermit/port/breakpoint_hook.h"

#include "core/base/atomic.h"
#include "core/capi/ebpf.h"
#include "ports/hermit/init.h"

namespace hermit {
namespace {

constinit ebpf::Atomic<BreakpointHook> current{nullptr};
constinit ebpf::Atomic<BreakpointHook> fault_hook{nullptr};
constinit ebpf::Atomic<Mistake> mistake{nullptr};
constinit ebpf::Atomic<bool> deaf_to_faults{false};
constinit ebpf::Atomic<uint64_t> count{0};

bool RunHook(ebpf::TakenFrame& regs) {
  const BreakpointHook hook = current.Load(ebpf::kRelaxed);
  return hook != nullptr && hook(regs);
}

bool Take(ebpf::TakenFrame& regs) {
  count.FetchAdd(1, ebpf::kRelaxed);
  const Mistake wrong = mistake.Load(ebpf::kRelaxed);
  return wrong == nullptr ? RunHook(regs) : wrong(regs, &RunHook);
}

}  // namespace

void SetHook(BreakpointHook hook) { current.Store(hook, ebpf::kRelaxed); }

ScopedHook::ScopedHook(BreakpointHook hook) { SetHook(hook); }
ScopedHook::~ScopedHook() { SetHook(nullptr); }

ScopedFaultHook::ScopedFaultHook(BreakpointHook hook) {
  fault_hook.Store(hook, ebpf::kRelaxed);
}
ScopedFaultHook::~ScopedFaultHook() {
  fault_hook.Store(nullptr, ebpf::kRelaxed);
}

void SetMistake(Mistake wrong) { mistake.Store(wrong, ebpf::kRelaxed); }

void SetDeafToFaults(bool deaf) { deaf_to_faults.Store(deaf, ebpf::kRelaxed); }

uint64_t BreakpointCount() { return count.Load(ebpf::kRelaxed); }

bool PortIsUp() {
  static constinit bool up = false;
  up = up || ebpf_hermit_start_port() == 0;
  return up;
}

}  // namespace hermit

// The images of these tests are linked with --wrap: the port's calls of
// ebpf_on_breakpoint and ebpf_on_fault come here.
extern "C" {

bool __wrap_ebpf_on_breakpoint(ebpf_pt_regs* regs) {
  return hermit::Take(*reinterpret_cast<ebpf::TakenFrame*>(regs));
}

bool __wrap_ebpf_on_fault(ebpf_pt_regs* regs) {
  const hermit::BreakpointHook hook = hermit::fault_hook.Load(ebpf::kRelaxed);
  return hook != nullptr && !hermit::deaf_to_faults.Load(ebpf::kRelaxed) &&
         hook(*reinterpret_cast<ebpf::TakenFrame*>(regs));
}

}  // extern "C"
