// SPDX-License-Identifier: MIT
//
// Programs on packets for `ebpf run`.
typedef unsigned char __u8;
typedef unsigned int __u32;

#define SEC(name) __attribute__((section(name), used))

struct skb {  // the beginning of struct __sk_buff
  __u32 len;
};

struct xdp {  // of struct xdp_md
  __u32 data;
  __u32 data_end;
};

static long (*const adjust_head)(struct xdp*, int) = (void*)44;

SEC("tc")
int length(struct skb* skb) { return (int)skb->len; }

SEC("xdp")
int shorter(struct xdp* xdp) { return (int)adjust_head(xdp, 4) + 2; }

SEC("kprobe/nothing")
int probe(void* context) { return 0; }

SEC("tc")
int refused(struct skb* skb) { return *((volatile int*)skb + 1000); }

static const char license_text[] SEC("license") = "Dual MIT/GPL";
