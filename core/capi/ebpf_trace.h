/* SPDX-License-Identifier: MIT
 *
 * Linux's trace events for a kernel that is not written in C++: it calls one of
 * these where something happens. The whole tree's core/tracepoints/README.md
 * lists the events, and what raw programs get of each; ports/PORTING.md, where
 * to call them.
 *
 * A call costs a call, a no-op and a return while nobody wants the event; in
 * C++, EBPF_TRACE of core/tracepoints/trace.h costs the no-op. An event is
 * there where its function is linked. Context of all, unless said otherwise:
 * any. Text lives while the function runs.
 */
#ifndef CORE_CAPI_EBPF_TRACE_H_
#define CORE_CAPI_EBPF_TRACE_H_

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What events say of a task. */
struct ebpf_trace_task {
  /* The kernel's own, which raw programs get where Linux gives its
   * task_struct; may be null. */
  const void* task;
  const char* comm; /* ends with a zero, or after 16 characters */
  int32_t pid;
  int32_t prio;
};

/* sched:*. `prev_state`: 0 running, 1 sleeping ("S"), 2 ("D"), 4 stopped, 8
 * traced, 0x10 dead ("X"), 0x20 zombie, 0x40 parked, 0x80 idle. */
void ebpf_trace_sched_switch(bool preempt, const struct ebpf_trace_task* prev,
                             const struct ebpf_trace_task* next,
                             uint32_t prev_state);
void ebpf_trace_sched_waking(const struct ebpf_trace_task* task, int32_t cpu);
void ebpf_trace_sched_wakeup(const struct ebpf_trace_task* task, int32_t cpu);
void ebpf_trace_sched_wakeup_new(const struct ebpf_trace_task* task,
                                 int32_t cpu);
void ebpf_trace_sched_migrate_task(const struct ebpf_trace_task* task,
                                   int32_t from_cpu, int32_t to_cpu);
void ebpf_trace_sched_process_fork(const struct ebpf_trace_task* parent,
                                   const struct ebpf_trace_task* child);
void ebpf_trace_sched_process_exec(const struct ebpf_trace_task* task,
                                   int32_t old_pid, const char* filename);
void ebpf_trace_sched_process_exit(const struct ebpf_trace_task* task,
                                   bool group_dead);
void ebpf_trace_sched_process_free(const struct ebpf_trace_task* task);

/* task:*. */
void ebpf_trace_task_newtask(const struct ebpf_trace_task* task,
                             uint64_t clone_flags);
void ebpf_trace_task_rename(const struct ebpf_trace_task* task,
                            const char* comm);

/* irq:*. `vector`: 0 HI, 1 TIMER, 2 NET_TX, 3 NET_RX, 4 BLOCK, 5 IRQ_POLL, 6
 * TASKLET, 7 SCHED, 8 HRTIMER, 9 RCU. */
void ebpf_trace_irq_handler_entry(int32_t irq, const char* name);
void ebpf_trace_irq_handler_exit(int32_t irq, bool handled);
void ebpf_trace_softirq_raise(uint32_t vector);
void ebpf_trace_softirq_entry(uint32_t vector);
void ebpf_trace_softirq_exit(uint32_t vector);

/* timer:*. Of timers in ticks; of those in nanoseconds. */
void ebpf_trace_timer_start(const void* timer, const void* function,
                            uint64_t expires, uint64_t now, uint32_t flags);
void ebpf_trace_timer_expire_entry(const void* timer, const void* function,
                                   uint64_t now, uint64_t base);
void ebpf_trace_timer_expire_exit(const void* timer);
void ebpf_trace_timer_cancel(const void* timer);
void ebpf_trace_hrtimer_expire_entry(const void* timer, const void* function,
                                     int64_t now);
void ebpf_trace_hrtimer_expire_exit(const void* timer);
void ebpf_trace_hrtimer_cancel(const void* timer);

/* exceptions:*. `regs`: a pt_regs of what faulted, or null. */
void ebpf_trace_page_fault_user(uint64_t address, uint64_t pc, uint64_t error,
                                const void* regs);
void ebpf_trace_page_fault_kernel(uint64_t address, uint64_t pc, uint64_t error,
                                  const void* regs);

/* net:*, of a packet of `size` bytes of the device `name`. */
void ebpf_trace_netif_receive_skb(const void* packet, uint32_t size,
                                  const char* name);
void ebpf_trace_netif_rx(const void* packet, uint32_t size, const char* name);
void ebpf_trace_net_dev_queue(const void* packet, uint32_t size,
                              const char* name);
void ebpf_trace_net_dev_xmit(const void* packet, uint32_t size,
                             const char* name, int32_t rc);

/* power:*. The state UINT32_MAX ends an idle time. */
void ebpf_trace_cpu_idle(uint32_t state, uint32_t cpu);
void ebpf_trace_cpu_frequency(uint32_t khz, uint32_t cpu);

/* raw_syscalls:* and, behind ebpf_trace_syscalls_init, syscalls:*. `regs`: a
 * pt_regs of the process that calls, of which perf's samples tell then, or
 * null. */
void ebpf_trace_sys_enter(const void* regs, int64_t number,
                          const uint64_t arguments[6]);
void ebpf_trace_sys_exit(const void* regs, int64_t number, int64_t result);
/* Makes an event of each call's entry and exit, by Linux's names, for calls
 * that are numbered as on x86-64 or as on AArch64 and RISC-V. 0 or -ENOMEM,
 * -EEXIST. Context: task, behind ebpf_init. */
#define EBPF_SYSCALLS_X86_64 0
#define EBPF_SYSCALLS_GENERIC 1
int ebpf_trace_syscalls_init(int numbers);
/* The same for a kernel whose calls are functions that programs call, as a
 * unikernel's: those that are named `prefix` and then as one of Linux's calls
 * pass raw_syscalls:*, by probes that are there while somebody wants that. How
 * many there are; or -ENOENT: none; -EOPNOTSUPP: there are no probes; -ENOMEM;
 * -EEXIST. Context: task, behind ebpf_init. */
int ebpf_trace_syscall_functions_init(int numbers, const char* prefix);
/* Takes away what either of these made. Context: task, before the system ends.
 */
void ebpf_trace_syscalls_exit(void);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* CORE_CAPI_EBPF_TRACE_H_ */
