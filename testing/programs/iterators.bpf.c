// SPDX-License-Identifier: MIT
//
// Iterators over maps, programs, links and the elements of a map: a line for
// each object, and what a reader can make them do besides.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>

#include "testing/programs/kernel_objects.h"

#include <bpf/bpf_tracing.h>

struct bpf_iter_num {
  __u64 __opaque[1];
} __attribute__((aligned(8)));

extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;

/// What the reader asks for; the same for all programs.
struct request {
  __u32 again_at;  // 1 + the number of an object that is to be shown once more
  __u32 bytes;     // of text for each object besides its line, in 64s
  __u32 silent;    // no line for any object
  __u32 write;     // 1 + what values become
};

/// What the programs have seen.
struct seen {
  __u64 objects;
  __u64 ends;
  __u64 last_session;
  __u64 last_number;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct request);
} it_request SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct seen);
} it_seen SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 64);
  __type(key, __u32);
  __type(value, __u64);
} it_hash SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 64);
  __type(key, __u32);
  __type(value, __u64);
} it_lru SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 5);
  __type(key, __u32);
  __type(value, __u64);
} it_array SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 3);
  __type(key, __u32);
  __type(value, __u32);
} it_cpu_array SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __uint(max_entries, 64);
  __type(key, __u32);
  __type(value, __u32);
} it_cpu_hash SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
  __uint(max_entries, 64);
  __type(key, __u32);
  __type(value, __u32);
} it_cpu_lru SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_QUEUE);
  __uint(max_entries, 4);
  __type(value, __u32);
} it_queue SEC(".maps");

static const char filler[64] =
    "...............................................................\n";

/// Counts an object, or the end. 1: it is to be shown again.
static __always_inline int show(struct bpf_iter_meta *meta, int has_object) {
  __u32 zero = 0;
  struct request *request = bpf_map_lookup_elem(&it_request, &zero);
  struct seen *seen = bpf_map_lookup_elem(&it_seen, &zero);
  if (!request || !seen) {
    return 0;
  }
  if (has_object) {
    ++seen->objects;
  } else {
    ++seen->ends;
  }
  seen->last_session = meta->session_id;
  seen->last_number = meta->seq_num;
  for (__u32 i = 0; i < 1024 && i < request->bytes; ++i) {
    bpf_seq_write(meta->seq, filler, sizeof(filler));
  }
  if (has_object && request->again_at == meta->seq_num + 1) {
    request->again_at = 0;
    return 1;
  }
  return 0;
}

static __always_inline int is_silent(void) {
  __u32 zero = 0;
  struct request *request = bpf_map_lookup_elem(&it_request, &zero);
  return request && request->silent;
}

SEC("iter/bpf_map")
int dump_maps(struct bpf_iter__bpf_map *ctx) {
  struct bpf_iter_meta *meta = ctx->meta;
  struct bpf_map *map = ctx->map;
  int again = show(meta, map != 0);
  if (is_silent()) {
    return again;
  }
  if (!map) {
    BPF_SEQ_PRINTF(meta->seq, "end of maps\n");
    return 0;
  }
  BPF_SEQ_PRINTF(meta->seq,
                 "map %s: type %u key %u value %u entries %u flags %x id %u\n",
                 map->name, map->map_type, map->key_size, map->value_size,
                 map->max_entries, map->map_flags, map->id);
  return again;
}

SEC("iter/bpf_prog")
int dump_programs(struct bpf_iter__bpf_prog *ctx) {
  struct bpf_iter_meta *meta = ctx->meta;
  struct bpf_prog *prog = ctx->prog;
  int again = show(meta, prog != 0);
  if (is_silent()) {
    return again;
  }
  if (!prog) {
    BPF_SEQ_PRINTF(meta->seq, "end of programs\n");
    return 0;
  }
  struct bpf_prog_aux *aux = prog->aux;
  BPF_SEQ_PRINTF(meta->seq,
                 "program %s: type %u attach %u maps %u functions %u on %s\n",
                 aux->name, prog->type, prog->expected_attach_type,
                 aux->used_map_cnt, aux->func_info_cnt, aux->attach_func_name);
  return again;
}

SEC("iter/bpf_link")
int dump_links(struct bpf_iter__bpf_link *ctx) {
  struct bpf_iter_meta *meta = ctx->meta;
  struct bpf_link *link = ctx->link;
  int again = show(meta, link != 0);
  if (is_silent()) {
    return again;
  }
  if (!link) {
    BPF_SEQ_PRINTF(meta->seq, "end of links\n");
    return 0;
  }
  BPF_SEQ_PRINTF(meta->seq, "link of %s: type %u id %u\n",
                 link->prog->aux->name, link->type, link->id);
  return again;
}

SEC("iter/bpf_map_elem")
int dump_elements(struct bpf_iter__bpf_map_elem *ctx) {
  struct bpf_iter_meta *meta = ctx->meta;
  struct bpf_map *map = ctx->map;
  __u32 *key = ctx->key;
  __u64 *value = ctx->value;
  int again = show(meta, key != 0);
  if (is_silent()) {
    return again;
  }
  if (!key || !value) {
    BPF_SEQ_PRINTF(meta->seq, "end of %s, type %u\n", map->name, map->map_type);
    return 0;
  }
  BPF_SEQ_PRINTF(meta->seq, "%u: %llu\n", *key, *value);
  __u32 zero = 0;
  struct request *request = bpf_map_lookup_elem(&it_request, &zero);
  if (request && request->write != 0) {
    *value = request->write - 1;
  }
  return again;
}

/// The same for values of four bytes, one for each CPU in eight: two of them.
SEC("iter/bpf_map_elem")
int dump_cpu_elements(struct bpf_iter__bpf_map_elem *ctx) {
  struct bpf_iter_meta *meta = ctx->meta;
  __u32 *key = ctx->key;
  __u32 *values = ctx->value;
  show(meta, key != 0);
  if (!key || !values) {
    return 0;
  }
  BPF_SEQ_PRINTF(meta->seq, "%u: %u %u %u\n", *key, values[0], values[1],
                 values[2]);
  values[0] = 77;  // nobody sees that
  return 0;
}

SEC("iter/bpf_map_elem")
int read_elements(struct bpf_iter__bpf_map_elem *ctx) {
  __u64 *value = ctx->value;
  if (value) {
    BPF_SEQ_PRINTF(ctx->meta->seq, "%llu\n", *value);
  }
  return 0;
}

SEC("iter/bpf_map_elem")
int read_keys(struct bpf_iter__bpf_map_elem *ctx) {
  __u32 *key = ctx->key;
  if (key) {
    BPF_SEQ_PRINTF(ctx->meta->seq, "%u\n", *key);
  }
  return 0;
}

SEC("iter/bpf_map_elem")
int read_long_key(struct bpf_iter__bpf_map_elem *ctx) {
  __u64 *key = ctx->key;
  if (key) {
    BPF_SEQ_PRINTF(ctx->meta->seq, "%llu\n", *key);
  }
  return 0;
}

SEC("iter/bpf_map")
int count_maps(struct bpf_iter__bpf_map *ctx) {
  if (!ctx->map) {
    BPF_SEQ_PRINTF(ctx->meta->seq, "end\n");
  }
  return 0;
}

/// Counts with one of the kernel's own functions.
SEC("iter/bpf_map")
int count_by_kernel(struct bpf_iter__bpf_map *ctx) {
  if (ctx->map) {
    return 0;
  }
  struct bpf_iter_num it;
  int *next;
  int sum = 0;
  bpf_iter_num_new(&it, 3, 8);
  while ((next = bpf_iter_num_next(&it))) {
    sum += *next;
  }
  bpf_iter_num_destroy(&it);
  BPF_SEQ_PRINTF(ctx->meta->seq, "sum %d\n", sum);
  return 0;
}

SEC("iter.s/bpf_map")
int sleepable_maps(struct bpf_iter__bpf_map *ctx) { return 0; }

SEC("iter.s/bpf_map_elem")
int sleepable_elements(struct bpf_iter__bpf_map_elem *ctx) { return 0; }

char LICENSE[] SEC("license") = "GPL";
