// SPDX-License-Identifier: MIT
//
// A program that does nothing: what is left is the cost of running one.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>

SEC("kprobe")
int empty(void *ctx) { return 0; }

char _license[] SEC("license") = "Dual MIT/GPL";
