// SPDX-License-Identifier: MIT
//
// Any operations on one map of each kind, from tasks, interrupts and traps on
// every CPU at once; each value that is found is checked, and each element that
// comes or goes is counted.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>

#include "testing/programs/map_storm.h"

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, STORM_KEYS);
  __type(key, __u32);
  __type(value, struct storm_value);
} hash SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, STORM_LRU_ENTRIES);
  __type(key, __u32);
  __type(value, struct storm_value);
} lru SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __uint(max_entries, STORM_KEYS);
  __type(key, __u32);
  __type(value, struct storm_value);
} per_cpu_hash SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, STORM_KEYS);
  __type(key, __u32);
  __type(value, struct storm_value);
} per_cpu_array SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, STORM_KEYS);
  __type(key, __u32);
  __type(value, struct storm_value);
} array SEC(".maps");

struct prefix {
  __u32 length;
  __u8 bytes[4];
};

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(max_entries, 2 * STORM_KEYS);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct prefix);
  __type(value, struct storm_value);
} trie SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_QUEUE);
  __uint(max_entries, STORM_QUEUE);
  __type(value, struct storm_value);
} queue SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, STORM_RING);
} ring SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct storm_counts);
} counts SEC(".maps");

// One round's own data.
struct round {
  struct storm_counts *counts;
  __u32 cpu;
  __u32 key;
  __u32 choice;
  struct storm_value value;
};

#define COUNT(round, what) __sync_fetch_and_add(&(round)->counts->what, 1)

enum {
  ENOENT = 2,
  E2BIG = 7,
  ENOMEM = 12,
  EBUSY = 16,
  EEXIST = 17,
  ENOSPC = 28
};

// What an operation answered; `a` and `b` are no mistakes.
static __always_inline void judge(struct round *round, long result, int a,
                                  int b) {
  COUNT(round, operations);
  if (result == 0) return;
  if (result == -EBUSY)
    COUNT(round, busy);
  else if (result == -a || result == -b)
    COUNT(round, refused);
  else
    COUNT(round, unexpected);
}

static __always_inline void new_value(struct round *round, __u32 key) {
  __u64 version = __sync_fetch_and_add(&round->counts->version, 1);
  round->value.word = storm_word(key, round->cpu, version);
  round->value.inverse = ~round->value.word;
}

// A value that others may change, or use for another key, meanwhile.
static __always_inline void look(struct round *round,
                                 const struct storm_value *value, __u32 key) {
  __u64 word = *(volatile const __u64 *)&value->word;
  __u64 inverse = *(volatile const __u64 *)&value->inverse;
  if (!storm_was_written(word) || !storm_was_written(~inverse)) {
    COUNT(round, never_written);
    return;
  }
  if (storm_key(word) != key) COUNT(round, recycled);
}

// A CPU's own value; zero where another CPU made the element.
static __always_inline void look_at_own(struct round *round,
                                        const struct storm_value *value) {
  __u64 word = *(volatile const __u64 *)&value->word;
  __u64 inverse = *(volatile const __u64 *)&value->inverse;
  if ((word && !storm_was_written(word)) ||
      (inverse && !storm_was_written(~inverse)))
    COUNT(round, never_written);
  else if ((word && storm_cpu(word) != round->cpu) ||
           (inverse && storm_cpu(~inverse) != round->cpu))
    COUNT(round, wrong_cpu);
}

static __always_inline void use_hash(struct round *round) {
  long result;
  struct storm_value *found;

  switch (round->choice & 7) {
    case 0:
      result =
          bpf_map_update_elem(&hash, &round->key, &round->value, BPF_NOEXIST);
      if (!result) COUNT(round, hash_in);
      judge(round, result, EEXIST, EEXIST);
      return;
    case 1:
      result =
          bpf_map_update_elem(&hash, &round->key, &round->value, BPF_EXIST);
      judge(round, result, ENOENT, ENOENT);
      return;
    case 2:
      result = bpf_map_delete_elem(&hash, &round->key);
      if (!result) COUNT(round, hash_out);
      judge(round, result, ENOENT, ENOENT);
      return;
    default:
      found = bpf_map_lookup_elem(&hash, &round->key);
      if (found) look(round, found, round->key);
      COUNT(round, operations);
  }
}

static __always_inline void use_lru(struct round *round) {
  __u32 key = (round->choice >> 3) % STORM_LRU_KEYS;
  struct storm_value *found;
  long result;

  switch (round->choice & 3) {
    case 0:
    case 1:
      new_value(round, key);
      result = bpf_map_update_elem(&lru, &key, &round->value, BPF_ANY);
      judge(round, result, ENOMEM, ENOMEM);
      return;
    case 2:
      found = bpf_map_lookup_elem(&lru, &key);
      if (found) look(round, found, key);
      COUNT(round, operations);
      return;
    default:
      result = bpf_map_delete_elem(&lru, &key);
      judge(round, result, ENOENT, ENOENT);
  }
}

static __always_inline void use_per_cpu_hash(struct round *round) {
  struct storm_value *found;
  long result;

  switch (round->choice >> 4 & 7) {
    case 0:
      result = bpf_map_update_elem(&per_cpu_hash, &round->key, &round->value,
                                   BPF_NOEXIST);
      if (!result) COUNT(round, per_cpu_in);
      judge(round, result, EEXIST, EEXIST);
      return;
    case 1:
      result = bpf_map_update_elem(&per_cpu_hash, &round->key, &round->value,
                                   BPF_EXIST);
      judge(round, result, ENOENT, ENOENT);
      return;
    case 2:
      result = bpf_map_delete_elem(&per_cpu_hash, &round->key);
      if (!result) COUNT(round, per_cpu_out);
      judge(round, result, ENOENT, ENOENT);
      return;
    default:
      found = bpf_map_lookup_elem(&per_cpu_hash, &round->key);
      if (found) look_at_own(round, found);
      COUNT(round, operations);
  }
}

static __always_inline void use_arrays(struct round *round) {
  struct storm_value *found = bpf_map_lookup_elem(&per_cpu_array, &round->key);
  if (found) {
    look_at_own(round, found);
    *(volatile __u64 *)&found->word = round->value.word;
    *(volatile __u64 *)&found->inverse = round->value.inverse;
  }
  COUNT(round, operations);

  found = bpf_map_lookup_elem(&array, &round->key);
  if (found && (round->choice & 0x80)) {
    *(volatile __u64 *)&found->word = round->value.word;
    *(volatile __u64 *)&found->inverse = round->value.inverse;
  } else if (found) {
    __u64 word = *(volatile __u64 *)&found->word;
    __u64 inverse = *(volatile __u64 *)&found->inverse;
    if ((word && !storm_was_written(word)) ||
        (inverse && !storm_was_written(~inverse)))
      COUNT(round, never_written);
    else if ((word && storm_key(word) != round->key) ||
             (inverse && storm_key(~inverse) != round->key))
      COUNT(round, wrong_key);
  }
  COUNT(round, operations);
}

static __always_inline void use_trie(struct round *round) {
  struct prefix prefix = {32, {10, 0, 0, round->key}};
  __u32 key = round->key;
  struct storm_value *found;
  long result;

  switch (round->choice >> 8 & 15) {
    case 0:
      prefix.length = 28;  // sixteen keys
      prefix.bytes[3] &= 0xf0;
      key = (key & ~15u) | STORM_PREFIX_KEY;
      // fall through
    case 1:
      new_value(round, key);
      result = bpf_map_update_elem(&trie, &prefix, &round->value, BPF_NOEXIST);
      if (!result) COUNT(round, trie_in);
      judge(round, result, EEXIST, EEXIST);
      return;
    case 2:
      prefix.length = 28;
      prefix.bytes[3] &= 0xf0;
      // fall through
    case 3:
      result = bpf_map_delete_elem(&trie, &prefix);
      if (!result) COUNT(round, trie_out);
      judge(round, result, ENOENT, ENOENT);
      return;
    default:
      found = bpf_map_lookup_elem(&trie, &prefix);
      if (found) {
        __u64 word = *(volatile __u64 *)&found->word;
        if (storm_key(word) == ((key & ~15u) | STORM_PREFIX_KEY))
          key = storm_key(word);
        look(round, found, key);
      }
      COUNT(round, operations);
  }
}

static __always_inline void use_queue(struct round *round) {
  struct storm_value value = round->value;
  long result;

  if (round->choice & 0x100) {
    result = bpf_map_push_elem(&queue, &value, 0);
    if (!result) {
      COUNT(round, pushed);
      __sync_fetch_and_add(&round->counts->pushed_sum, value.word);
    }
    judge(round, result, E2BIG, E2BIG);
    return;
  }
  result = bpf_map_pop_elem(&queue, &value);
  if (!result) {
    COUNT(round, popped);
    __sync_fetch_and_add(&round->counts->popped_sum, value.word);
    if (!storm_was_written(value.word) || value.inverse != ~value.word)
      COUNT(round, never_written);
  }
  judge(round, result, ENOENT, ENOENT);
}

static __always_inline void use_ring(struct round *round) {
  struct storm_value *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
  COUNT(round, operations);
  if (!record) {
    COUNT(round, ring_full);
    return;
  }
  record->word = round->value.word;
  record->inverse = round->value.inverse;
  if ((round->choice >> 12 & 7) == 0) {
    bpf_ringbuf_discard(record, 0);
    COUNT(round, discarded);
  } else {
    bpf_ringbuf_submit(record, 0);
    COUNT(round, records);
    __sync_fetch_and_add(&round->counts->records_sum, round->value.word);
  }
}

// Eight operations.
static __always_inline void use_all(struct round *round) {
  __u32 choice = bpf_get_prandom_u32();
  round->choice = choice;
  round->key = choice >> 16 & (STORM_KEYS - 1);
  new_value(round, round->key);
  use_hash(round);
  use_per_cpu_hash(round);
  use_arrays(round);
  use_queue(round);
  use_ring(round);
  use_trie(round);
  use_lru(round);
}

static __always_inline struct storm_counts *begin(struct round *round) {
  __u32 zero = 0;
  round->counts = bpf_map_lookup_elem(&counts, &zero);
  round->cpu = bpf_get_smp_processor_id();
  return round->counts;
}

static long one_round(__u32 index, void *context) {
  struct round round = {};
  if (!begin(&round)) return 1;
  use_all(&round);
  return 0;
}

SEC("raw_tp")
int storm_task(void *ctx) {
  struct round round = {};
  if (!begin(&round)) return 0;
  COUNT(&round, tasks);
  bpf_loop(STORM_ROUNDS, one_round, 0, 0);
  return 0;
}

SEC("kprobe")
int storm_tick(struct pt_regs *ctx) {
  struct round round = {};
  if (!begin(&round)) return 0;
  COUNT(&round, ticks);
  use_all(&round);
  return 0;
}

SEC("kprobe")
int storm_trap(struct pt_regs *ctx) {
  struct round round = {};
  if (!begin(&round)) return 0;
  COUNT(&round, traps);
  use_all(&round);
  return 0;
}

// What probes inside of other functions are for: what they interrupt prints,
// asks for the time, and allocates too.
static __always_inline void use_all_and_print(struct round *round) {
  use_all(round);
  bpf_trace_printk("round", sizeof("round"));
  bpf_ktime_get_ns();
}

SEC("raw_tp")
int storm_driver(void *ctx) {
  struct round round = {};
  if (!begin(&round)) return 0;
  COUNT(&round, tasks);
  use_all_and_print(&round);
  return 0;
}

SEC("kprobe")
int storm_probed(struct pt_regs *ctx) {
  struct round round = {};
  if (!begin(&round)) return 0;
  COUNT(&round, traps);
  use_all_and_print(&round);
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
