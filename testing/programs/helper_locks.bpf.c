// SPDX-License-Identifier: MIT
//
// Locks in values, and updates that take them.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>

#include "testing/programs/outcomes.h"

struct value {
  __u64 before;
  struct bpf_spin_lock lock;
  __u32 behind;
  __u64 end;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, struct value);
} array SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 8);
  __type(key, __u32);
  __type(value, struct value);
} hash SEC(".maps");

static __always_inline void add(struct value *value) {
  bpf_spin_lock(&value->lock);
  __u64 before = value->before++;
  __u32 behind = value->behind += 2;
  value->end = before + behind;
  bpf_spin_unlock(&value->lock);
}

static __always_inline void show(struct value *value) {
  if (!value) {
    record(-1, 0);
    return;
  }
  add(value);
  record(value->before, value->end);
  record(value->behind, 0);
}

SEC("syscall")
int in_array(void *ctx) {
  __u32 key = 1;
  struct value value = {.before = 10, .behind = 20, .end = 30};
  show(bpf_map_lookup_elem(&array, &key));
  record(bpf_map_update_elem(&array, &key, &value, BPF_ANY), 0);
  show(bpf_map_lookup_elem(&array, &key));
  value.before = 100;
  record(bpf_map_update_elem(&array, &key, &value, BPF_F_LOCK), 0);
  show(bpf_map_lookup_elem(&array, &key));
  record(bpf_map_update_elem(&array, &key, &value, BPF_F_LOCK | BPF_EXIST), 0);
  record(bpf_map_update_elem(&array, &key, &value, BPF_F_LOCK | BPF_NOEXIST),
         0);
  record(bpf_map_update_elem(&array, &key, &value, 8), 0);
  return 0;
}

SEC("syscall")
int in_hash(void *ctx) {
  __u32 key = 5;
  struct value value = {.before = 10, .behind = 20, .end = 30};
  show(bpf_map_lookup_elem(&hash, &key));
  record(bpf_map_update_elem(&hash, &key, &value, BPF_F_LOCK), 0);
  show(bpf_map_lookup_elem(&hash, &key));
  value.before = 100;
  record(bpf_map_update_elem(&hash, &key, &value, BPF_F_LOCK), 0);
  show(bpf_map_lookup_elem(&hash, &key));
  record(bpf_map_update_elem(&hash, &key, &value, BPF_F_LOCK | BPF_NOEXIST), 0);
  record(bpf_map_update_elem(&hash, &key, &value, BPF_EXIST), 0);
  show(bpf_map_lookup_elem(&hash, &key));
  record(bpf_map_delete_elem(&hash, &key), 0);
  record(bpf_map_update_elem(&hash, &key, &value, BPF_F_LOCK | BPF_EXIST), 0);
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
