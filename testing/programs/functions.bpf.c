// SPDX-License-Identifier: MIT
//
// One program for many functions: hits, returns and both, by function.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "testing/programs/functions.h"

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4096);
  __type(key, __u64);
  __type(value, struct function_calls);
} functions SEC(".maps");

extern _Bool bpf_session_is_return(void) __ksym;
extern __u64 *bpf_session_cookie(void) __ksym;

static __always_inline struct function_calls *calls_of(__u64 function) {
  struct function_calls *calls = bpf_map_lookup_elem(&functions, &function);
  if (!calls) {
    const struct function_calls none = {};
    bpf_map_update_elem(&functions, &function, &none, BPF_NOEXIST);
    calls = bpf_map_lookup_elem(&functions, &function);
  }
  return calls;
}

SEC("kprobe.multi/many_*")
int on_entry(struct pt_regs *ctx) {
  struct function_calls *calls = calls_of(bpf_get_func_ip(ctx));
  if (calls) {
    __sync_fetch_and_add(&calls->entries, 1);
    calls->cookie = bpf_get_attach_cookie(ctx);
  }
  return 0;
}

SEC("kretprobe.multi/many_*")
int on_return(struct pt_regs *ctx) {
  struct function_calls *calls = calls_of(bpf_get_func_ip(ctx));
  if (calls) {
    __sync_fetch_and_add(&calls->returns, 1);
    calls->cookie = bpf_get_attach_cookie(ctx);
    calls->returned = PT_REGS_RC(ctx);
  }
  return 0;
}

SEC("kprobe.session/many_?")
int on_both(struct pt_regs *ctx) {
  struct function_calls *calls = calls_of(bpf_get_func_ip(ctx));
  if (!calls) return 1;
  __u64 *first_argument = bpf_session_cookie();
  if (bpf_session_is_return()) {
    calls->argument = *first_argument;
    __sync_fetch_and_add(&calls->returns, 1);
    return 0;
  }
  *first_argument = PT_REGS_PARM1(ctx);
  __sync_fetch_and_add(&calls->entries, 1);
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
