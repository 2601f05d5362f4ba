// SPDX-License-Identifier: MIT
//
// The kernel's objects as iterators' programs name them: Linux's structs with
// the fields that they look at, found by name in whatever kernel loads them.
#pragma once

enum bpf_prog_type {
  BPF_PROG_TYPE_UNSPEC = 0,
};
enum bpf_attach_type {
  BPF_TRACE_ITER = 28,
};
enum bpf_link_type {
  BPF_LINK_TYPE_UNSPEC = 0,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), \
                             apply_to = record)

struct bpf_map {
  enum bpf_map_type map_type;
  __u32 key_size;
  __u32 value_size;
  __u32 max_entries;
  __u64 map_extra;
  __u32 map_flags;
  __u32 id;
  char name[16];
};

struct bpf_prog_aux {
  __u32 used_map_cnt;
  __u32 id;
  __u32 attach_btf_id;
  __u32 func_info_cnt;
  const char *attach_func_name;
  struct bpf_prog *dst_prog;
  char name[16];
};

struct bpf_prog {
  enum bpf_prog_type type;
  enum bpf_attach_type expected_attach_type;
  __u32 len;
  __u8 tag[8];
  struct bpf_prog_aux *aux;
};

struct bpf_link {
  __u32 id;
  enum bpf_link_type type;
  struct bpf_prog *prog;
};

struct bpf_iter_meta {
  struct seq_file *seq;
  __u64 session_id;
  __u64 seq_num;
};

#pragma clang attribute pop

// Contexts.

struct bpf_iter__bpf_map {
  struct bpf_iter_meta *meta;
  struct bpf_map *map;
};

struct bpf_iter__bpf_map_elem {
  struct bpf_iter_meta *meta;
  struct bpf_map *map;
  void *key;
  void *value;
};

struct bpf_iter__bpf_prog {
  struct bpf_iter_meta *meta;
  struct bpf_prog *prog;
};

struct bpf_iter__bpf_link {
  struct bpf_iter_meta *meta;
  struct bpf_link *link;
};
