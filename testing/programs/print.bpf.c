// SPDX-License-Identifier: MIT
//
// On write(fd, buffer, size): a line in the trace log.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("kprobe")
int print(struct pt_regs *ctx) {
  bpf_printk("write fd=%d size=%lu", (int)PT_REGS_PARM1(ctx),
             (unsigned long)PT_REGS_PARM3(ctx));
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
