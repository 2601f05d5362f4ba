// SPDX-License-Identifier: MIT
//
// A mistake on purpose: a field that the kernel's task_struct does not have.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct task_struct {
  int pid;
  int mood;
} __attribute__((preserve_access_index));

SEC("kprobe")
int tell_mood(struct pt_regs *ctx) {
  struct task_struct *task = (struct task_struct *)PT_REGS_PARM1(ctx);
  bpf_printk("task %d is in mood %d", BPF_CORE_READ(task, pid),
             BPF_CORE_READ(task, mood));
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
