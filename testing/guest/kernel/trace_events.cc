// SPDX-License-Identifier: MIT
//
// testing/guest/kernel/trace_events.h's implementation.
#include "testing/guest/kernel/trace_events.h"

#include "core/capi/ebpf_trace.h"

// Weak: most images do not ask for them.
extern "C" {
[[gnu::weak]] decltype(ebpf_trace_sched_switch) ebpf_trace_sched_switch;
[[gnu::weak]] decltype(ebpf_trace_sched_wakeup) ebpf_trace_sched_wakeup;
[[gnu::weak]] decltype(ebpf_trace_sched_wakeup_new) ebpf_trace_sched_wakeup_new;
[[gnu::weak]] decltype(ebpf_trace_sched_process_fork)
    ebpf_trace_sched_process_fork;
[[gnu::weak]] decltype(ebpf_trace_sched_process_exit)
    ebpf_trace_sched_process_exit;
[[gnu::weak]] decltype(ebpf_trace_sched_process_free)
    ebpf_trace_sched_process_free;
[[gnu::weak]] decltype(ebpf_trace_irq_handler_entry)
    ebpf_trace_irq_handler_entry;
[[gnu::weak]] decltype(ebpf_trace_irq_handler_exit) ebpf_trace_irq_handler_exit;
[[gnu::weak]] decltype(ebpf_trace_page_fault_kernel)
    ebpf_trace_page_fault_kernel;
}

namespace guest {
namespace {

/// A function that may not be there. In memory, since a call of nothing, at 0,
/// is out of a call's reach.
template <typename Function>
using Told = Function* const volatile;

Told<decltype(ebpf_trace_sched_switch)> on_switch = &ebpf_trace_sched_switch;
Told<decltype(ebpf_trace_sched_wakeup)> on_wakeup = &ebpf_trace_sched_wakeup;
Told<decltype(ebpf_trace_sched_wakeup_new)> on_first_wakeup =
    &ebpf_trace_sched_wakeup_new;
Told<decltype(ebpf_trace_sched_process_fork)> on_fork =
    &ebpf_trace_sched_process_fork;
Told<decltype(ebpf_trace_sched_process_exit)> on_end =
    &ebpf_trace_sched_process_exit;
Told<decltype(ebpf_trace_sched_process_free)> on_gone =
    &ebpf_trace_sched_process_free;
Told<decltype(ebpf_trace_irq_handler_entry)> on_irq_entry =
    &ebpf_trace_irq_handler_entry;
Told<decltype(ebpf_trace_irq_handler_exit)> on_irq_exit =
    &ebpf_trace_irq_handler_exit;
Told<decltype(ebpf_trace_page_fault_kernel)> on_fault =
    &ebpf_trace_page_fault_kernel;

/// All have the priority of Linux's ordinary tasks.
constexpr int32_t kPriority = 120;

ebpf_trace_task TaskOf(const Thread& thread) {
  return {&thread, thread.name, static_cast<int32_t>(thread.id), kPriority};
}

}  // namespace

void TellSwitch(const Thread& from, const Thread& to, Stop why) {
  if (auto* const tell = on_switch) {
    const ebpf_trace_task previous = TaskOf(from);
    const ebpf_trace_task next = TaskOf(to);
    tell(/*preempt=*/false, &previous, &next, static_cast<uint32_t>(why));
  }
}

void TellWakeup(const Thread& thread) {
  if (auto* const tell = on_wakeup) {
    const ebpf_trace_task task = TaskOf(thread);
    tell(&task, static_cast<int32_t>(thread.cpu));
  }
}

void TellNewThread(const Thread& thread) {
  const ebpf_trace_task child = TaskOf(thread);
  const Thread* const parent = CurrentThread();  // none while the CPU boots
  auto* const tell_fork = on_fork;
  if (tell_fork != nullptr && parent != nullptr) {
    const ebpf_trace_task task = TaskOf(*parent);
    tell_fork(&task, &child);
  }
  if (auto* const tell = on_first_wakeup) {
    tell(&child, static_cast<int32_t>(thread.cpu));
  }
}

void TellThreadEnds(const Thread& thread) {
  if (auto* const tell = on_end) {
    const ebpf_trace_task task = TaskOf(thread);
    tell(&task, thread.group == thread.id);
  }
}

void TellThreadGone(const Thread& thread) {
  if (auto* const tell = on_gone) {
    const ebpf_trace_task task = TaskOf(thread);
    tell(&task);
  }
}

void TellIrqEntry(int32_t irq) {
  if (auto* const tell = on_irq_entry) {
    tell(irq, irq == kTimerIrq ? "timer" : "ipi");
  }
}

void TellIrqExit(int32_t irq) {
  if (auto* const tell = on_irq_exit) {
    tell(irq, /*handled=*/true);
  }
}

void TellFault(uintptr_t address, uintptr_t pc, uint64_t error) {
  if (auto* const tell = on_fault) {
    tell(address, pc, error, nullptr);
  }
}

}  // namespace guest
