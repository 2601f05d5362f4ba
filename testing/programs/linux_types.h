// SPDX-License-Identifier: MIT
//
// The Linux names that tracing programs use, written from the documented ABI,
// so that a .bpf.c needs no Linux headers. Include it before libbpf's.
#pragma once

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef signed short __s16;
typedef signed int __s32;
typedef signed long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;

// enum bpf_map_type, as far as this tree goes.
enum bpf_map_type {
  BPF_MAP_TYPE_HASH = 1,
  BPF_MAP_TYPE_ARRAY = 2,
  BPF_MAP_TYPE_PERCPU_HASH = 5,
  BPF_MAP_TYPE_PERCPU_ARRAY = 6,
  BPF_MAP_TYPE_STACK_TRACE = 7,
  BPF_MAP_TYPE_LRU_HASH = 9,
  BPF_MAP_TYPE_LRU_PERCPU_HASH = 10,
  BPF_MAP_TYPE_LPM_TRIE = 11,
  BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
  BPF_MAP_TYPE_HASH_OF_MAPS = 13,
  BPF_MAP_TYPE_QUEUE = 22,
  BPF_MAP_TYPE_STACK = 23,
  BPF_MAP_TYPE_RINGBUF = 27,
  BPF_MAP_TYPE_BLOOM_FILTER = 30,
  BPF_MAP_TYPE_USER_RINGBUF = 31,
};

// Flags of BPF_MAP_CREATE.
enum {
  BPF_F_NO_PREALLOC = 1,
};

// The flags of bpf_map_update_elem.
enum {
  BPF_ANY = 0,
  BPF_NOEXIST = 1,
  BPF_EXIST = 2,
  BPF_F_LOCK = 4,
};

// What only helpers look into.
struct bpf_spin_lock {
  __u32 val;
};
struct bpf_timer {
  __u64 opaque[2];
} __attribute__((aligned(8)));
struct bpf_dynptr {
  __u64 opaque[2];
} __attribute__((aligned(8)));

// What a trace event's record begins with.
struct trace_entry {
  unsigned short type;
  unsigned char flags;
  unsigned char preempt_count;
  int pid;
};

struct bpf_raw_tracepoint_args {
  __u64 args[0];
};

// What PT_REGS_PARM1 and its kind look into: uapi asm/ptrace.h of each CPU,
// under the names that libbpf's bpf_tracing.h expects outside the kernel.
#if defined(__TARGET_ARCH_x86)

struct pt_regs {
  unsigned long r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
  unsigned long rax, rcx, rdx, rsi, rdi, orig_rax;
  unsigned long rip, cs, eflags, rsp, ss;
};

#elif defined(__TARGET_ARCH_arm64)

struct user_pt_regs {
  __u64 regs[31];
  __u64 sp;
  __u64 pc;
  __u64 pstate;
};

#elif defined(__TARGET_ARCH_riscv)

struct user_regs_struct {
  unsigned long pc, ra, sp, gp, tp, t0, t1, t2, s0, s1;
  unsigned long a0, a1, a2, a3, a4, a5, a6, a7;
  unsigned long s2, s3, s4, s5, s6, s7, s8, s9, s10, s11;
  unsigned long t3, t4, t5, t6;
};

#else
#error "compile with -D__TARGET_ARCH_x86, _arm64 or _riscv"
#endif

#if defined(__TARGET_ARCH_x86)
typedef struct pt_regs bpf_user_pt_regs_t;
#elif defined(__TARGET_ARCH_arm64)
typedef struct user_pt_regs bpf_user_pt_regs_t;
#else
typedef struct user_regs_struct bpf_user_pt_regs_t;
#endif

struct bpf_perf_event_data {
  bpf_user_pt_regs_t regs;
  __u64 sample_period;
  __u64 addr;
};
