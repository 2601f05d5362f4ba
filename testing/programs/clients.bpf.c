// SPDX-License-Identifier: MIT
//
// Probes as Linux's clients write them: sections that name their functions,
// arguments and results by libbpf's macros.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "testing/programs/clients.h"

struct client_view seen;

SEC("kprobe/client_subject")
int BPF_KPROBE(on_entry, long first, int second, unsigned short third,
               unsigned char fourth, const char *text) {
  seen.entries++;
  seen.first = first;
  seen.second = second;
  seen.third = third;
  seen.fourth = fourth;
  bpf_probe_read_kernel_str(seen.text, sizeof(seen.text), text);
  seen.entry_ip = PT_REGS_IP(ctx);
  seen.entry_function = bpf_get_func_ip(ctx);
  seen.entry_frame = PT_REGS_SP(ctx);
#if defined(__TARGET_ARCH_x86)
  __u64 caller = 0;
  BPF_KPROBE_READ_RET_IP(caller, ctx);
#else
  // A register, in which some versions of that macro see a stack pointer.
  __u64 caller = PT_REGS_RET(ctx);
#endif
  seen.caller = caller;
  return 0;
}

SEC("kprobe/client_subject+0x10")
int inside(struct pt_regs *ctx) {
  seen.insides++;
  seen.inside_ip = PT_REGS_IP(ctx);
  seen.inside_function = bpf_get_func_ip(ctx);
  return 0;
}

SEC("kretprobe/client_subject")
int BPF_KRETPROBE(on_return, long result) {
  seen.returns++;
  seen.result = result;
  seen.return_function = bpf_get_func_ip(ctx);
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
