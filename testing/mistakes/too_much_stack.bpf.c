// SPDX-License-Identifier: MIT
//
// A mistake on purpose: two functions, each with a buffer that it could have
// alone.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} paths SEC(".maps");

static __noinline long send(const char *path, __u64 size) {
  char copy[304] = {};
  if (size > sizeof(copy)) size = sizeof(copy);
  bpf_probe_read_kernel(copy, size, path);
  return bpf_ringbuf_output(&paths, copy, sizeof(copy), 0);
}

SEC("kprobe")
int report(struct pt_regs *ctx) {
  char path[256] = {};
  bpf_probe_read_kernel_str(path, sizeof(path),
                            (const void *)PT_REGS_PARM1(ctx));
  return send(path, PT_REGS_PARM2(ctx)) != 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
