// SPDX-License-Identifier: MIT
//
// Values of the kernel's types as text, a variable that no kernel has, and
// branches that no virtual machine writes down.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "testing/programs/outcomes.h"

struct rnd_state {
  __u32 s1, s2, s3, s4;
};

struct btf_ptr {
  void *ptr;
  __u32 type_id;
  __u32 flags;
};
enum {
  BTF_F_COMPACT = 1,
  BTF_F_NONAME = 2,
  BTF_F_PTR_RAW = 4,
  BTF_F_ZERO = 8,
};

extern const int there_is_no_such_variable __ksym __weak;

SEC("raw_tp")
int missing(void *ctx) {
  record(&there_is_no_such_variable == 0, 0);
  return 0;
}

static __always_inline void show(void *value, __u32 type, __u64 flags) {
  struct btf_ptr typed = {value, type, 0};
  struct outcome *outcome = next_outcome();
  if (outcome) {
    outcome->result = bpf_snprintf_btf(outcome->text, sizeof(outcome->text),
                                       &typed, sizeof(typed), flags);
  }
}

SEC("raw_tp")
int values(void *ctx) {
  struct rnd_state state = {1, 0, 3, 0xffffffff};
  const __u32 type = bpf_core_type_id_kernel(struct rnd_state);
  show(&state, type, 0);
  show(&state, type, BTF_F_COMPACT);
  show(&state, type, BTF_F_COMPACT | BTF_F_NONAME);
  show(&state, type, BTF_F_COMPACT | BTF_F_NONAME | BTF_F_ZERO);
  show(&state.s3, bpf_core_type_id_kernel(unsigned int), BTF_F_PTR_RAW);
  show(&state, 0, 0);
  show(&state, type, 16);
  show(&state, 0x7fffffff, 0);
  return 0;
}

SEC("raw_tp")
int branches(void *ctx) {
  __u64 entries[3] = {};
  record(bpf_get_branch_snapshot(entries, sizeof(entries), 0), entries[0]);
  record(bpf_get_branch_snapshot(entries, 0, 0), 0);
  record(bpf_get_branch_snapshot(entries, sizeof(entries), 1), 0);
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
