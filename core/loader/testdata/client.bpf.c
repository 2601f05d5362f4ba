// SPDX-License-Identifier: MIT
//
// What a loader must find in the kernel: functions, variables, options, fields,
// places to attach to; and what it must prepare: maps in maps, arrays of
// programs, special variables.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>

#define KFUNC extern __attribute__((section(".ksyms")))

struct task {
  int pid;
  struct task *parent;
} __attribute__((preserve_access_index));

KFUNC int function_of_kernel(struct task *task);
KFUNC __attribute__((weak)) int function_of_nobody(struct task *task);
KFUNC int variable_of_kernel;
KFUNC const void symbol_of_kernel;
KFUNC __attribute__((weak)) const void symbol_of_nobody;

extern int LINUX_KERNEL_VERSION __attribute__((section(".kconfig")));
extern _Bool CONFIG_SOMETHING __attribute__((section(".kconfig"), weak));

struct inner {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} first_inner SEC(".maps");

struct {
  __uint(type, 12);  // array of maps
  __uint(max_entries, 2);
  __type(key, __u32);
  __array(values, struct inner);
} outer SEC(".maps") = {
    .values = {[1] = (void *)&first_inner},
};

int tail(void *context);

struct {
  __uint(type, 3);  // array of programs
  __uint(max_entries, 4);
  __uint(key_size, 4);
  __array(values, int(void *));
} programs SEC(".maps") = {
    .values = {[2] = (void *)&tail},
};

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 100);
} ring SEC(".maps");

const volatile __u32 constant = 5;
int later = 1;
int first_variable SEC(".data.order");
int second_variable SEC(".data.order") = 7;

__attribute__((noinline, visibility("hidden"))) int hidden(int x) {
  return x * later;
}

__attribute__((noinline)) int seen(int x) { return hidden(x) + constant; }

SEC("fentry/function_of_kernel")
int on_entry(void *context) { return 0; }

SEC("fexit.s/no_such_function")
int on_exit(void *context) { return 0; }

SEC("tp_btf/begin")
int on_tracepoint(void *context) { return 0; }

SEC("lsm.s/open")
int on_open(void *context) { return 0; }

SEC("iter/task")
int on_task(void *context) { return 0; }

SEC("?xdp.frags")
int on_packet(void *context) { return seen(2); }

SEC("socket")
int tail(void *context) { return first_variable + second_variable; }

SEC("raw_tp")
int calls(struct task *task) {
  if (&symbol_of_nobody) return 1;
  if (LINUX_KERNEL_VERSION < 5 || CONFIG_SOMETHING) return 2;
  return function_of_kernel(task) + variable_of_kernel +
         (int)(long)&symbol_of_kernel;
}

SEC("raw_tp")
int calls_nobody(struct task *task) { return function_of_nobody(task); }

SEC("raw_tp")
int relocates(struct task *task) { return task->pid; }

SEC("raw_tp")
int relocates_parent(struct task *task) { return task->parent != 0; }

SEC("struct_ops/second")
int operation(void *context) { return 0; }

SEC("struct_ops/unused")
int no_operation(void *context) { return 0; }

struct table_ops {
  void *first;
  void *second;
};

SEC(".struct_ops")
struct table_ops table = {.second = (void *)operation};

char license_text[] SEC("license") = "GPL";
