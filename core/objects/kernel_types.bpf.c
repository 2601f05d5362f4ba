// SPDX-License-Identifier: MIT
//
// The types of this kernel as programs and clients see them: Linux's names, and
// of each struct the fields that there are here. kernel_view.h has the same
// structs for who fills them; clang makes BTF of this file, and
// kernel_types.gen.cc holds that (tools/kernel_types.py).

typedef _Bool bool;
typedef signed char s8;
typedef unsigned char u8;
typedef signed short s16;
typedef unsigned short u16;
typedef signed int s32;
typedef unsigned int u32;
typedef signed long long s64;
typedef unsigned long long u64;
typedef u8 __u8;
typedef s32 __s32;
typedef u32 __u32;
typedef s64 __s64;
typedef u64 __u64;
typedef unsigned long size_t;

typedef struct {
  s64 counter;
} atomic64_t;

enum bpf_map_type {
  BPF_MAP_TYPE_UNSPEC = 0,
  BPF_MAP_TYPE_HASH = 1,
  BPF_MAP_TYPE_ARRAY = 2,
  BPF_MAP_TYPE_PROG_ARRAY = 3,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY = 4,
  BPF_MAP_TYPE_PERCPU_HASH = 5,
  BPF_MAP_TYPE_PERCPU_ARRAY = 6,
  BPF_MAP_TYPE_STACK_TRACE = 7,
  BPF_MAP_TYPE_CGROUP_ARRAY = 8,
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

enum bpf_prog_type {
  BPF_PROG_TYPE_UNSPEC = 0,
  BPF_PROG_TYPE_SOCKET_FILTER = 1,
  BPF_PROG_TYPE_KPROBE = 2,
  BPF_PROG_TYPE_SCHED_CLS = 3,
  BPF_PROG_TYPE_SCHED_ACT = 4,
  BPF_PROG_TYPE_TRACEPOINT = 5,
  BPF_PROG_TYPE_XDP = 6,
  BPF_PROG_TYPE_PERF_EVENT = 7,
  BPF_PROG_TYPE_CGROUP_DEVICE = 15,
  BPF_PROG_TYPE_RAW_TRACEPOINT = 17,
  BPF_PROG_TYPE_TRACING = 26,
  BPF_PROG_TYPE_SYSCALL = 31,
};

enum bpf_attach_type {
  BPF_CGROUP_DEVICE = 6,
  BPF_TRACE_ITER = 28,
  BPF_PERF_EVENT = 41,
};

enum bpf_link_type {
  BPF_LINK_TYPE_UNSPEC = 0,
  BPF_LINK_TYPE_RAW_TRACEPOINT = 1,
  BPF_LINK_TYPE_TRACING = 2,
  BPF_LINK_TYPE_CGROUP = 3,
  BPF_LINK_TYPE_ITER = 4,
  BPF_LINK_TYPE_PERF_EVENT = 7,
};

struct bpf_map {
  enum bpf_map_type map_type;
  u32 key_size;
  u32 value_size;
  u32 max_entries;
  u64 map_extra;
  u32 map_flags;
  u32 id;
  u32 btf_key_type_id;
  u32 btf_value_type_id;
  char name[16];
  atomic64_t refcnt;
  atomic64_t usercnt;
  bool frozen;
};

struct bpf_func_info {
  u32 insn_off;
  u32 type_id;
};

struct btf;
struct bpf_prog;

struct bpf_prog_aux {
  atomic64_t refcnt;
  u32 used_map_cnt;
  u32 func_cnt;
  u32 id;
  u32 attach_btf_id;
  u32 func_info_cnt;
  u32 verified_insns;
  const char *attach_func_name;
  struct bpf_prog *dst_prog;
  struct btf *btf;
  struct bpf_func_info *func_info;
  u64 load_time;
  char name[16];
};

struct bpf_prog {
  enum bpf_prog_type type;
  enum bpf_attach_type expected_attach_type;
  u32 len;
  u32 jited_len;
  u8 tag[8];
  struct bpf_prog_aux *aux;
};

struct bpf_link {
  atomic64_t refcnt;
  u32 id;
  enum bpf_link_type type;
  struct bpf_prog *prog;
};

struct seq_file {
  char *buf;
  size_t size;
  size_t count;
};

struct bpf_iter_meta {
  struct seq_file *seq;
  u64 session_id;
  u64 seq_num;
};

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

// Contexts that functions for programs take, as in Linux's user ABI.

struct bpf_flow_keys;
struct bpf_sock;

struct __sk_buff {
  __u32 len;
  __u32 pkt_type;
  __u32 mark;
  __u32 queue_mapping;
  __u32 protocol;
  __u32 vlan_present;
  __u32 vlan_tci;
  __u32 vlan_proto;
  __u32 priority;
  __u32 ingress_ifindex;
  __u32 ifindex;
  __u32 tc_index;
  __u32 cb[5];
  __u32 hash;
  __u32 tc_classid;
  __u32 data;
  __u32 data_end;
  __u32 napi_id;
  __u32 family;
  __u32 remote_ip4;
  __u32 local_ip4;
  __u32 remote_ip6[4];
  __u32 local_ip6[4];
  __u32 remote_port;
  __u32 local_port;
  __u32 data_meta;
  struct bpf_flow_keys *flow_keys;
  __u64 tstamp;
  __u32 wire_len;
  __u32 gso_segs;
  struct bpf_sock *sk;
  __u32 gso_size;
  __u8 tstamp_type;
  __u64 hwtstamp;
};

struct xdp_md {
  __u32 data;
  __u32 data_end;
  __u32 data_meta;
  __u32 ingress_ifindex;
  __u32 rx_queue_index;
  __u32 egress_ifindex;
};

// What functions for programs keep on a program's stack.

struct bpf_iter_num {
  __u64 __opaque[1];
};

struct bpf_iter_bits {
  __u64 __opaque[2];
};

struct bpf_dynptr {
  __u64 __opaque[2];
};

// Functions for programs (kfunc_functions.def), by Linux's prototypes: what the
// names of their arguments say is Linux's, too.

void bpf_rcu_read_lock(void) {}
void bpf_rcu_read_unlock(void) {}
void bpf_preempt_disable(void) {}
void bpf_preempt_enable(void) {}

void *bpf_rdonly_cast(const void *obj__ign, u32 btf_id__k) { return 0; }

int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) { return 0; }
int *bpf_iter_num_next(struct bpf_iter_num *it) { return 0; }
void bpf_iter_num_destroy(struct bpf_iter_num *it) {}

int bpf_iter_bits_new(struct bpf_iter_bits *it, const u64 *unsafe_ptr__ign,
                      u32 nr_words) {
  return 0;
}
int *bpf_iter_bits_next(struct bpf_iter_bits *it) { return 0; }
void bpf_iter_bits_destroy(struct bpf_iter_bits *it) {}

int bpf_dynptr_from_skb(struct __sk_buff *s, u64 flags,
                        struct bpf_dynptr *ptr__uninit) {
  return 0;
}
int bpf_dynptr_from_xdp(struct xdp_md *x, u64 flags,
                        struct bpf_dynptr *ptr__uninit) {
  return 0;
}
void *bpf_dynptr_slice(const struct bpf_dynptr *p, u32 offset,
                       void *buffer__opt, u32 buffer__szk) {
  return 0;
}
void *bpf_dynptr_slice_rdwr(const struct bpf_dynptr *p, u32 offset,
                            void *buffer__opt, u32 buffer__szk) {
  return 0;
}
int bpf_dynptr_adjust(const struct bpf_dynptr *p, u32 start, u32 end) {
  return 0;
}
bool bpf_dynptr_is_null(const struct bpf_dynptr *p) { return 0; }
bool bpf_dynptr_is_rdonly(const struct bpf_dynptr *p) { return 0; }
__u32 bpf_dynptr_size(const struct bpf_dynptr *p) { return 0; }
int bpf_dynptr_clone(const struct bpf_dynptr *p,
                     struct bpf_dynptr *clone__uninit) {
  return 0;
}

void *bpf_obj_new_impl(u64 local_type_id__k, void *meta__ign) { return 0; }
void bpf_obj_drop_impl(void *p__alloc, void *meta__ign) {}
void *bpf_refcount_acquire_impl(void *p__refcounted_kptr, void *meta__ign) {
  return 0;
}

bool bpf_session_is_return(void) { return 0; }
__u64 *bpf_session_cookie(void) { return 0; }

// The functions whose arguments are the contexts of iterators.

int bpf_iter_bpf_map(struct bpf_iter_meta *meta, struct bpf_map *map) {
  return 0;
}

int bpf_iter_bpf_map_elem(struct bpf_iter_meta *meta, struct bpf_map *map,
                          void *key, void *value) {
  return 0;
}

int bpf_iter_bpf_prog(struct bpf_iter_meta *meta, struct bpf_prog *prog) {
  return 0;
}

int bpf_iter_bpf_link(struct bpf_iter_meta *meta, struct bpf_link *link) {
  return 0;
}

// The arguments of tracepoints (core/tracepoints), behind a first one
// that programs do not see: Linux's, and where they point to an object of the
// kernel that has no type here, to nothing that programs could follow.

typedef void (*btf_trace_bpf_trace_printk)(void *, const char *bpf_string);
typedef void (*btf_trace_page_fault_user)(void *, unsigned long address,
                                          void *regs, unsigned long error_code);
typedef void (*btf_trace_page_fault_kernel)(void *, unsigned long address,
                                            void *regs,
                                            unsigned long error_code);
typedef void (*btf_trace_irq_handler_entry)(void *, int irq, void *action);
typedef void (*btf_trace_irq_handler_exit)(void *, int irq, void *action,
                                           int ret);
typedef void (*btf_trace_softirq_entry)(void *, unsigned int vec_nr);
typedef void (*btf_trace_softirq_exit)(void *, unsigned int vec_nr);
typedef void (*btf_trace_softirq_raise)(void *, unsigned int vec_nr);
typedef void (*btf_trace_netif_receive_skb)(void *, void *skb);
typedef void (*btf_trace_netif_rx)(void *, void *skb);
typedef void (*btf_trace_net_dev_queue)(void *, void *skb);
typedef void (*btf_trace_net_dev_xmit)(void *, void *skb, int rc, void *dev,
                                       unsigned int skb_len);
typedef void (*btf_trace_cpu_idle)(void *, unsigned int state,
                                   unsigned int cpu_id);
typedef void (*btf_trace_cpu_frequency)(void *, unsigned int frequency,
                                        unsigned int cpu_id);
typedef void (*btf_trace_sys_enter)(void *, void *regs, long id);
typedef void (*btf_trace_sys_exit)(void *, void *regs, long ret);
typedef void (*btf_trace_sched_switch)(void *, bool preempt, void *prev,
                                       void *next, unsigned int prev_state);
typedef void (*btf_trace_sched_waking)(void *, void *p);
typedef void (*btf_trace_sched_wakeup)(void *, void *p);
typedef void (*btf_trace_sched_wakeup_new)(void *, void *p);
typedef void (*btf_trace_sched_migrate_task)(void *, void *p, int dest_cpu);
typedef void (*btf_trace_sched_process_fork)(void *, void *parent, void *child);
typedef void (*btf_trace_sched_process_exec)(void *, void *p, int old_pid);
typedef void (*btf_trace_sched_process_exit)(void *, void *p, bool group_dead);
typedef void (*btf_trace_sched_process_free)(void *, void *p);
typedef void (*btf_trace_task_newtask)(void *, void *task, u64 clone_flags);
typedef void (*btf_trace_task_rename)(void *, void *task, const char *comm);
typedef void (*btf_trace_timer_init)(void *, void *timer);
typedef void (*btf_trace_timer_start)(void *, void *timer,
                                      unsigned long bucket_expiry);
typedef void (*btf_trace_timer_expire_entry)(void *, void *timer,
                                             unsigned long baseclk);
typedef void (*btf_trace_timer_expire_exit)(void *, void *timer);
typedef void (*btf_trace_timer_cancel)(void *, void *timer);
typedef void (*btf_trace_hrtimer_expire_entry)(void *, void *hrtimer, s64 now);
typedef void (*btf_trace_hrtimer_expire_exit)(void *, void *hrtimer);
typedef void (*btf_trace_hrtimer_cancel)(void *, void *hrtimer);

// Types that no function above names: clang describes what a variable has.

struct {
  u8 *u8_type;
  s8 *s8_type;
  u16 *u16_type;
  s16 *s16_type;
  __u8 *uapi_u8_type;
  __s32 *uapi_s32_type;
  __u32 *uapi_u32_type;
  __s64 *uapi_s64_type;
  __u64 *uapi_u64_type;
  struct bpf_iter__bpf_map map;
  struct bpf_iter__bpf_map_elem element;
  struct bpf_iter__bpf_prog program;
  struct bpf_iter__bpf_link link;
  // Pointers to these lead to the whole structs then.
  struct seq_file seq_file;
  struct bpf_prog_aux bpf_prog_aux;
  struct bpf_func_info bpf_func_info;
  struct __sk_buff __sk_buff;
  struct xdp_md xdp_md;
  struct bpf_iter_num bpf_iter_num;
  struct bpf_iter_bits bpf_iter_bits;
  struct bpf_dynptr bpf_dynptr;
  btf_trace_bpf_trace_printk bpf_trace_printk;
  btf_trace_page_fault_user page_fault_user;
  btf_trace_page_fault_kernel page_fault_kernel;
  btf_trace_irq_handler_entry irq_handler_entry;
  btf_trace_irq_handler_exit irq_handler_exit;
  btf_trace_softirq_entry softirq_entry;
  btf_trace_softirq_exit softirq_exit;
  btf_trace_softirq_raise softirq_raise;
  btf_trace_netif_receive_skb netif_receive_skb;
  btf_trace_netif_rx netif_rx;
  btf_trace_net_dev_queue net_dev_queue;
  btf_trace_net_dev_xmit net_dev_xmit;
  btf_trace_cpu_idle cpu_idle;
  btf_trace_cpu_frequency cpu_frequency;
  btf_trace_sys_enter sys_enter;
  btf_trace_sys_exit sys_exit;
  btf_trace_sched_switch sched_switch;
  btf_trace_sched_waking sched_waking;
  btf_trace_sched_wakeup sched_wakeup;
  btf_trace_sched_wakeup_new sched_wakeup_new;
  btf_trace_sched_migrate_task sched_migrate_task;
  btf_trace_sched_process_fork sched_process_fork;
  btf_trace_sched_process_exec sched_process_exec;
  btf_trace_sched_process_exit sched_process_exit;
  btf_trace_sched_process_free sched_process_free;
  btf_trace_task_newtask task_newtask;
  btf_trace_task_rename task_rename;
  btf_trace_timer_init timer_init;
  btf_trace_timer_start timer_start;
  btf_trace_timer_expire_entry timer_expire_entry;
  btf_trace_timer_expire_exit timer_expire_exit;
  btf_trace_timer_cancel timer_cancel;
  btf_trace_hrtimer_expire_entry hrtimer_expire_entry;
  btf_trace_hrtimer_expire_exit hrtimer_expire_exit;
  btf_trace_hrtimer_cancel hrtimer_cancel;
} types_without_a_function;
