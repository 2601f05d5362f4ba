// SPDX-License-Identifier: MIT
//
// Programs on Hermit's system calls: how many files are opened, how much is
// written at a time, and whether all of it was.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "testing/hermit/example/trace_itself.h"

struct findings findings;

// What each task's write was asked for.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 64);
  __type(key, __u64);
  __type(value, __u64);
} asked SEC(".maps");

SEC("kprobe/sys_open")
int BPF_KPROBE(on_open) {
  __sync_fetch_and_add(&findings.opens, 1);
  return 0;
}

SEC("kprobe/sys_write")
int BPF_KPROBE(on_write, int fd, const void *bytes, __u64 size) {
  const __u64 task = bpf_get_current_pid_tgid();
  bpf_map_update_elem(&asked, &task, &size, BPF_ANY);
  __sync_fetch_and_add(&findings.writes, 1);
  __sync_fetch_and_add(&findings.bytes, size);
  __u32 slot = 0;
  for (__u64 rest = size; rest > 1 && slot < TRACE_ITSELF_SLOTS - 1; rest /= 2)
    slot++;
  __sync_fetch_and_add(&findings.sizes[slot], 1);
  return 0;
}

SEC("kretprobe/sys_write")
int BPF_KRETPROBE(after_write, long written) {
  const __u64 task = bpf_get_current_pid_tgid();
  const __u64 *size = bpf_map_lookup_elem(&asked, &task);
  if (size && written != (long)*size)
    __sync_fetch_and_add(&findings.failures, 1);
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
