// SPDX-License-Identifier: MIT
//
// Not a program: the types of a small kernel, for its BTF.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>

struct task_struct {
  __u64 flags;
  int pid;
  int tgid;
};

struct task_struct current SEC(".data");
