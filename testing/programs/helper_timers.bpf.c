// SPDX-License-Identifier: MIT
//
// Timers in values: what their helpers answer, and functions that they run.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>

#include "testing/programs/outcomes.h"

struct value {
  __u64 runs;
  struct bpf_timer timer;
  __u64 seen;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, struct value);
} array SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, struct value);
} hash SEC(".maps");

enum { CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1, CLOCK_BOOTTIME = 7 };
enum { TIMER_ABS = 1, TIMER_CPU_PIN = 2 };

static int count_run(void *map, __u32 *key, struct value *value) {
  value->runs += 1;
  value->seen = *key + 1;
  return 0;
}

static int start_again(void *map, __u32 *key, struct value *value) {
  value->runs += 1;
  if (value->runs < 3) {
    bpf_timer_start(&value->timer, 1000, 0);
  }
  return 0;
}

static int cancel_itself(void *map, __u32 *key, struct value *value) {
  value->runs += 1;
  value->seen = bpf_timer_cancel(&value->timer);
  return 0;
}

static int delete_itself(void *map, __u32 *key, struct value *value) {
  __u32 own = *key;
  value->seen = 7;
  bpf_map_delete_elem(map, &own);
  return 0;
}

SEC("syscall")
int answers(void *ctx) {
  __u32 key = 0;
  struct value *value = bpf_map_lookup_elem(&array, &key);
  if (!value) {
    return 0;
  }
  struct bpf_timer *timer = &value->timer;
  record(bpf_timer_start(timer, 0, 0), 0);
  record(bpf_timer_cancel(timer), 0);
  record(bpf_timer_set_callback(timer, count_run), 0);
  record(bpf_timer_init(timer, &array, 2), 0);
  record(bpf_timer_init(timer, &array, CLOCK_MONOTONIC | 16), 0);
  record(bpf_timer_init(timer, &array, CLOCK_BOOTTIME), 0);
  record(bpf_timer_init(timer, &array, CLOCK_MONOTONIC), 0);
  record(bpf_timer_start(timer, 0, 0), 0);
  record(bpf_timer_set_callback(timer, count_run), 0);
  record(bpf_timer_start(timer, 0, 4), 0);
  record(bpf_timer_cancel(timer), 0);
  record(bpf_timer_start(timer, 0, 0), 0);
  record(bpf_timer_set_callback(timer, count_run), 0);
  record(bpf_timer_start(timer, 1000000000000, 0), 0);
  record(bpf_timer_start(timer, 1000000000000, TIMER_CPU_PIN), 0);
  record(bpf_timer_cancel(timer), 0);
  record(bpf_timer_cancel(timer), 0);
  return 0;
}

// The test waits a little between these and show.
SEC("syscall")
int start(void *ctx) {
  __u32 key = 1;
  struct value *value = bpf_map_lookup_elem(&array, &key);
  if (value) {
    record(bpf_timer_init(&value->timer, &array, CLOCK_MONOTONIC), 0);
    record(bpf_timer_set_callback(&value->timer, start_again), 0);
    record(bpf_timer_start(&value->timer, 1000, 0), 0);
  }
  key = 2;
  value = bpf_map_lookup_elem(&array, &key);
  if (value) {
    record(bpf_timer_init(&value->timer, &array, CLOCK_MONOTONIC), 0);
    record(bpf_timer_set_callback(&value->timer, cancel_itself), 0);
    record(bpf_timer_start(&value->timer, bpf_ktime_get_ns(), TIMER_ABS), 0);
  }
  struct value fresh = {};
  key = 9;
  bpf_map_update_elem(&hash, &key, &fresh, 0);
  value = bpf_map_lookup_elem(&hash, &key);
  if (value) {
    record(bpf_timer_init(&value->timer, &hash, CLOCK_MONOTONIC), 0);
    record(bpf_timer_set_callback(&value->timer, count_run), 0);
    record(bpf_timer_start(&value->timer, 0, 0), 0);
  }
  key = 10;
  bpf_map_update_elem(&hash, &key, &fresh, 0);
  value = bpf_map_lookup_elem(&hash, &key);
  if (value) {
    record(bpf_timer_init(&value->timer, &hash, CLOCK_MONOTONIC), 0);
    record(bpf_timer_set_callback(&value->timer, delete_itself), 0);
    record(bpf_timer_start(&value->timer, 0, 0), 0);
  }
  return 0;
}

SEC("syscall")
int show(void *ctx) {
  for (__u32 key = 1; key < 3; ++key) {
    __u32 at = key;
    struct value *value = bpf_map_lookup_elem(&array, &at);
    if (value) {
      record(value->runs, value->seen);
    }
  }
  __u32 key = 9;
  struct value *value = bpf_map_lookup_elem(&hash, &key);
  if (value) {
    record(value->runs, value->seen);
    // An update makes another element of it, and the timer is gone.
    struct value fresh = {};
    record(bpf_map_update_elem(&hash, &key, &fresh, 0), 0);
  }
  value = bpf_map_lookup_elem(&hash, &key);
  if (value) {
    record(bpf_timer_cancel(&value->timer), 0);
  }
  key = 10;
  record(bpf_map_lookup_elem(&hash, &key) != 0, 0);
  // So does one of an array's element.
  key = 1;
  struct value fresh = {};
  record(bpf_map_update_elem(&array, &key, &fresh, 0), 0);
  value = bpf_map_lookup_elem(&array, &key);
  if (value) {
    record(bpf_timer_cancel(&value->timer), value->runs);
  }
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
