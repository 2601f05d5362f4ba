// SPDX-License-Identifier: MIT
//
// Variables of the kernel by their types, as the test's kernel has them.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>

#include "testing/programs/outcomes.h"

struct rnd_state {
  __u32 s1, s2, s3, s4;
};

// A number and a struct of each CPU's own.
extern const unsigned long cpu_loops_per_jiffy __ksym;
extern const struct rnd_state bpf_user_rnd_state __ksym;
// The same for all.
extern const struct rnd_state boot_state __ksym;
extern const unsigned long boots __ksym;

SEC("raw_tp")
int numbers(void *ctx) {
  const __u32 cpu = bpf_get_smp_processor_id();
  const unsigned long *mine = bpf_this_cpu_ptr(&cpu_loops_per_jiffy);
  const unsigned long *same = bpf_per_cpu_ptr(&cpu_loops_per_jiffy, cpu);
  record(mine == same, *mine);
  record(bpf_per_cpu_ptr(&cpu_loops_per_jiffy, 100000) == 0, 0);
  record(bpf_per_cpu_ptr(&cpu_loops_per_jiffy, -1) == 0, 0);
  const unsigned long *other = bpf_per_cpu_ptr(&cpu_loops_per_jiffy, 1);
  record(other != 0, other ? *other : 0);
  record(boot_state.s2, boots);
  return 0;
}

SEC("raw_tp")
int structs(void *ctx) {
  const __u32 cpu = bpf_get_smp_processor_id();
  const struct rnd_state *mine = bpf_this_cpu_ptr(&bpf_user_rnd_state);
  const struct rnd_state *same = bpf_per_cpu_ptr(&bpf_user_rnd_state, cpu);
  record(mine == same, same ? mine->s4 * 16 + same->s1 : 0);
  record(bpf_per_cpu_ptr(&bpf_user_rnd_state, 100000) == 0, 0);
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
