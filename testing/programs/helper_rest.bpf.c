// SPDX-License-Identifier: MIT
//
// Helpers that need nothing: checksums, clocks, reads that fail.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>

#include "testing/programs/outcomes.h"

SEC("tc")
int checksums(void *ctx) {
  __u32 words[4] = {0x01020304, 0xffffffff, 0x80000001, 0xfffffffe};
  __u32 others[4] = {0, 0xffff0000, 0x0000ffff, 0x12345678};
  record(bpf_csum_diff(words, 16, 0, 0, 0), 0);
  record(bpf_csum_diff(0, 0, words, 16, 0), 0);
  record(bpf_csum_diff(words, 16, others, 16, 0), 0);
  record(bpf_csum_diff(others, 16, words, 8, 0xffff), 0);
  record(bpf_csum_diff(others, 4, others, 4, 0), 0);
  record(bpf_csum_diff(others, 4, words, 4, -1), 0);
  record(bpf_csum_diff(0, 0, 0, 0, 0x12345), 0);
  return 0;
}

SEC("raw_tp")
int clocks(void *ctx) {
  __u64 first = bpf_ktime_get_ns();
  __u64 boot = bpf_ktime_get_boot_ns();
  __u64 tai = bpf_ktime_get_tai_ns();
  __u64 jiffies = bpf_jiffies64();
  record(bpf_ktime_get_ns() >= first, boot != 0);
  record(bpf_ktime_get_tai_ns() >= tai, tai > 1600000000000000000);
  record(bpf_jiffies64() - jiffies < 1000, bpf_get_numa_node_id());
  record(bpf_get_prandom_u32() == bpf_get_prandom_u32(), 0);
  return 0;
}

SEC("raw_tp")
int bad_reads(void *ctx) {
  char text[16] = "0123456789abcde";
  record(bpf_probe_read_user(text, 8, (void *)8), *(__u64 *)text);
  record(bpf_probe_read_user_str(text + 8, 8, (void *)8), *(__u64 *)(text + 8));
  record(bpf_probe_read_user(text, 0, 0), 0);
  record(bpf_probe_read_user_str(text, 0, 0), 0);
  record(bpf_probe_read(text, 8, (void *)8), 0);
  record(bpf_probe_read_str(text, 8, (void *)8), 0);
  __u64 info[2] = {1, 2};
  record(bpf_get_ns_current_pid_tgid(0, 0, (void *)info, 8), info[0]);
  record(bpf_get_ns_current_pid_tgid(0, 0, (void *)info, 16), info[1]);
  record(bpf_send_signal(65), 0);
  record(bpf_send_signal_thread(100), 0);
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
