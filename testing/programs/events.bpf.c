// SPDX-License-Identifier: MIT
//
// On open(path, flags): a record for each call through the ring buffer.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "testing/programs/events.h"

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 64 * 1024);
} events SEC(".maps");

// Calls whose record found no room.
__u64 dropped;

SEC("kprobe")
int on_open(struct pt_regs *ctx) {
  struct open_event *event =
      bpf_ringbuf_reserve(&events, sizeof(struct open_event), 0);
  if (!event) {
    __sync_fetch_and_add(&dropped, 1);
    return 0;
  }
  event->time_ns = bpf_ktime_get_ns();
  event->pid = (__u32)bpf_get_current_pid_tgid();
  event->cpu = bpf_get_smp_processor_id();
  event->flags = (__u32)PT_REGS_PARM2(ctx);
  bpf_get_current_comm(event->comm, sizeof(event->comm));
  event->path_size = (int)bpf_probe_read_kernel_str(
      event->path, sizeof(event->path), (const void *)PT_REGS_PARM1(ctx));
  bpf_ringbuf_submit(event, 0);
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
