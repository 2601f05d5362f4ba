// SPDX-License-Identifier: MIT
//
// Takes records out of a ring that user space writes, and says what it saw.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>

// The flags of bpf_user_ringbuf_drain.
enum {
  BPF_RB_NO_WAKEUP = 1,
  BPF_RB_FORCE_WAKEUP = 2,
};

struct {
  __uint(type, BPF_MAP_TYPE_USER_RINGBUF);
  __uint(max_entries, 4096);
} ring SEC(".maps");

// The layout of .bss: one variable, which the test reads.
struct {
  __s64 result;
  __u64 seen;
  __u64 digest;
  __s64 nested;  // draining while draining
} outcome;

static void mix(__u64 value) {
  outcome.digest = (outcome.digest ^ value) * 0x100000001b3;
}

static long nothing(struct bpf_dynptr *sample, void *context) { return 0; }

static long look(struct bpf_dynptr *sample, void *context) {
  // No program can ask how long it is, but where it ends.
  __u32 length = 0;
  for (__u32 step = 4096; step != 0; step /= 2) {
    __u8 byte;
    if (bpf_dynptr_read(&byte, 1, sample, length + step - 1, 0) == 0) {
      length += step;
    }
  }
  ++outcome.seen;
  mix(length);
  __u8 first = 0;
  __u8 last = 0;
  bpf_dynptr_read(&first, 1, sample, 0, 0);
  bpf_dynptr_read(&last, 1, sample, length - 1, 0);
  mix(first);
  mix(last);
  __u64 middle = 0;
  mix(bpf_dynptr_read(&middle, 8, sample, length / 2, 0));
  mix(middle);
  if (first == 0xfe) {
    outcome.nested = bpf_user_ringbuf_drain(&ring, nothing, 0, 0);
  }
  return first == 0xff;
}

static __always_inline int drain(__u64 flags) {
  outcome.seen = 0;
  outcome.digest = 0;
  outcome.nested = 0;
  outcome.result = bpf_user_ringbuf_drain(&ring, look, 0, flags);
  return 0;
}

SEC("raw_tp")
int plain(void *ctx) { return drain(0); }

SEC("raw_tp")
int quiet(void *ctx) { return drain(BPF_RB_NO_WAKEUP); }

SEC("raw_tp")
int loud(void *ctx) { return drain(BPF_RB_FORCE_WAKEUP); }

SEC("raw_tp")
int wrong(void *ctx) { return drain(4); }

char _license[] SEC("license") = "Dual MIT/GPL";
