// SPDX-License-Identifier: MIT
//
// Not a program: its BTF stands for a kernel's types in the loader's tests.

struct task {
  int added;
  int pid;
  struct task *parent;
};

struct table_ops {
  int (*first)(struct task *task);
  int (*second)(struct task *task);
};

typedef void (*btf_trace_begin)(void *data, struct task *task);

int variable_of_kernel;

__attribute__((noinline)) int function_of_kernel(struct task *task) {
  return task->pid + variable_of_kernel;
}

__attribute__((noinline)) int bpf_lsm_open(struct task *task) {
  return task->added;
}

__attribute__((noinline)) int bpf_iter_task(struct task *task) {
  return task->pid + 1;
}

btf_trace_begin keep_tracepoint;
struct table_ops keep_operations;
