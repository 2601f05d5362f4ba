// SPDX-License-Identifier: MIT
//
// Programs on all functions whose names fit a pattern: calls and returns of
// each, by its address, both ends of each, and cookies.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct counts {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, __u64);
  __type(value, __u64);
};
struct counts calls SEC(".maps");
struct counts returns SEC(".maps");
struct counts ends SEC(".maps");
struct counts cookies SEC(".maps");

static __always_inline void count(void *map, __u64 function) {
  __u64 *hits = bpf_map_lookup_elem(map, &function);
  if (!hits) {
    const __u64 zero = 0;
    bpf_map_update_elem(map, &function, &zero, BPF_NOEXIST);
    hits = bpf_map_lookup_elem(map, &function);
  }
  if (hits) __sync_fetch_and_add(hits, 1);
}

SEC("kprobe.multi/client_s*")
int BPF_KPROBE(on_call) {
  count(&calls, bpf_get_func_ip(ctx));
  return 0;
}

SEC("kretprobe.multi/client_s*")
int BPF_KRETPROBE(on_return) {
  count(&returns, bpf_get_func_ip(ctx));
  return 0;
}

SEC("kprobe.session/client_secon?")
int on_both(struct pt_regs *ctx) {
  count(&ends, bpf_get_func_ip(ctx));
  return 0;
}

static __always_inline void keep_cookie(void *ctx) {
  const __u64 function = bpf_get_func_ip(ctx);
  const __u64 cookie = bpf_get_attach_cookie(ctx);
  bpf_map_update_elem(&cookies, &function, &cookie, BPF_ANY);
}

SEC("kprobe.multi")
int with_cookie(struct pt_regs *ctx) {
  keep_cookie(ctx);
  return 0;
}

SEC("kretprobe.multi")
int with_cookie_too(struct pt_regs *ctx) {
  keep_cookie(ctx);
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
