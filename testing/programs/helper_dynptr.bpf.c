// SPDX-License-Identifier: MIT
//
// Dynptrs of a map's value and of ring buffers' records.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>

#include "testing/programs/outcomes.h"

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} ring SEC(".maps");

struct value {
  __u8 bytes[48];
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct value);
} memory SEC(".maps");

SEC("raw_tp")
int in_memory(void *ctx) {
  __u32 key = 0;
  struct value *value = bpf_map_lookup_elem(&memory, &key);
  if (!value) {
    return 0;
  }
  struct bpf_dynptr ptr;
  __u64 word = 0x1122334455667788;
  record(bpf_dynptr_from_mem(value, sizeof(*value), 0, &ptr), 0);
  record(bpf_dynptr_write(&ptr, 0, &word, sizeof(word), 0), 0);
  record(bpf_dynptr_write(&ptr, 40, &word, sizeof(word), 0), 0);
  record(bpf_dynptr_write(&ptr, 41, &word, sizeof(word), 0), 0);
  record(bpf_dynptr_write(&ptr, 0xffffffff, &word, sizeof(word), 0), 0);
  record(bpf_dynptr_write(&ptr, 0, &word, sizeof(word), 1), 0);
  word = 1;
  record(bpf_dynptr_read(&word, sizeof(word), &ptr, 38, 0), word);
  record(bpf_dynptr_read(&word, sizeof(word), &ptr, 44, 0), word);
  record(bpf_dynptr_read(&word, sizeof(word), &ptr, 0, 9), word);
  __u8 *piece = bpf_dynptr_data(&ptr, 4, 2);
  record(piece != 0, piece ? piece[0] : 0);
  piece = bpf_dynptr_data(&ptr, 47, 2);
  record(piece != 0, 0);
  return 0;
}

SEC("raw_tp")
int with_flags(void *ctx) {
  __u32 key = 0;
  struct value *value = bpf_map_lookup_elem(&memory, &key);
  if (!value) {
    return 0;
  }
  struct bpf_dynptr ptr;
  __u32 word = 3;
  record(bpf_dynptr_from_mem(value, sizeof(*value), 1, &ptr), 0);
  record(bpf_dynptr_read(&word, sizeof(word), &ptr, 0, 0), word);
  record(bpf_dynptr_write(&ptr, 0, &word, sizeof(word), 0), 0);
  record(bpf_dynptr_data(&ptr, 0, 4) != 0, 0);
  return 0;
}

SEC("raw_tp")
int records(void *ctx) {
  struct bpf_dynptr ptr;
  __u64 word = 0x0102030405060708;
  record(bpf_ringbuf_reserve_dynptr(&ring, 100, 0, &ptr), 0);
  record(bpf_dynptr_write(&ptr, 92, &word, sizeof(word), 0), 0);
  record(bpf_dynptr_write(&ptr, 93, &word, sizeof(word), 0), 0);
  __u8 *piece = bpf_dynptr_data(&ptr, 99, 1);
  record(piece != 0, piece ? *piece : 0);
  bpf_ringbuf_submit_dynptr(&ptr, 0);
  record(bpf_ringbuf_reserve_dynptr(&ring, 8, 0, &ptr), 0);
  bpf_ringbuf_discard_dynptr(&ptr, 0);
  record(bpf_ringbuf_reserve_dynptr(&ring, 8, 1, &ptr), 0);
  bpf_ringbuf_submit_dynptr(&ptr, 0);
  record(bpf_ringbuf_reserve_dynptr(&ring, 5000, 0, &ptr), 0);
  record(bpf_dynptr_read(&word, sizeof(word), &ptr, 0, 0), word);
  bpf_ringbuf_discard_dynptr(&ptr, 0);
  record(bpf_ringbuf_reserve_dynptr(&ring, 1 << 25, 0, &ptr), 0);
  bpf_ringbuf_discard_dynptr(&ptr, 0);
  record(bpf_ringbuf_query(&ring, 0), bpf_ringbuf_query(&ring, 3));
  record(bpf_ringbuf_query(&ring, 1), bpf_ringbuf_query(&ring, 2));
  record(bpf_ringbuf_query(&ring, 4), 0);
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
