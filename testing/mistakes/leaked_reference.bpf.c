// SPDX-License-Identifier: MIT
//
// A mistake on purpose: an early return forgets the record that was reserved.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct event {
  __u64 fd;
  __u64 size;
};

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} events SEC(".maps");

SEC("kprobe")
int report(struct pt_regs *ctx) {
  struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (!event) return 0;
  event->fd = PT_REGS_PARM1(ctx);
  event->size = PT_REGS_PARM3(ctx);
  if (event->size == 0) return 0;  // nothing to report
  bpf_ringbuf_submit(event, 0);
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
