/* SPDX-License-Identifier: MIT
 *
 * The test of a port, in the kernel that it is for: an entry that ships with
 * it. ports/PORTING.md tells when to call it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the test needs of a kernel besides its port. All of it may be null: what
 * needs it is then skipped, and said to be. */
struct ebpf_selftest_kernel {
  /* Starts a task on CPU `cpu` that runs `body(argument)`, at the same time if
   * that is another CPU, and ends; false if there is no such CPU, or no memory.
   * At most 8 at a time. Context: task. */
  bool (*start_task)(uint32_t cpu, void (*body)(void* argument),
                     void* argument);
  /* Waits until all of them have ended. Context: task. */
  void (*join_tasks)(void);
  /* Lets other tasks run for a moment. Null: the test spins for one. Context:
   * task. */
  void (*yield)(void);
  /* A page's address that is not mapped, right behind one that can be read; 0
   * if there is none. The same at each call. Context: task. */
  uintptr_t (*unmapped_page)(void);
  /* Stores a byte at `address` by an instruction of the kernel's that it helps
   * out when it faults, as its copies to user memory have them; false if it
   * faulted. Context: task. */
  bool (*try_write)(uintptr_t address);
  /* Bytes of the kernel's memory that are allocated. Context: task. */
  uint64_t (*allocated_bytes)(void);
  /* Whether interrupts are masked on this CPU. Null: the CPU is asked, as
   * kernels in its usual mode do (RISC-V: S). Context: any. */
  bool (*interrupts_masked)(void);
  /* Told before code is called that was just written. Context: task. */
  void (*before_call)(uintptr_t address, size_t size);
  /* How often text is written while another CPU runs it; 0: 2 000. */
  uint32_t patches;
  /* Bit n: test tier n; 0: all. T0 alone needs no ebpf_init. */
  uint32_t tiers;
  /* No timer expires while a task works, but in `yield`. */
  bool timers_wait_for_yield;
  /* The kernel is known to have mappings that can be written and executed at
   * once, against core/platform/exec.h. */
  bool writes_what_runs;
  /* close(2) and dup(2) of the calling task, and a new descriptor of a file
   * that is not eBPF's, which close_fd closes; negative: it failed. For kernels
   * with ebpf_port_fd_install, where the task that runs the test has a table.
   * Context: task. */
  int (*close_fd)(int fd);
  int (*duplicate_fd)(int fd);
  int (*open_own)(void);
};

/* Tests everything that core/platform says of a port, by tier, and writes to
 * the kernel's log what failed, with file, line and reason, what was skipped
 * and why, and in its last line the score of each tier. `kernel` may be null.
 * The result has bit n set where a case of tier n failed; 0: all is right.
 * Where T1 failed, probes are refused from then on, until a later test finds it
 * right; the log says why when the first is asked for.
 *
 * The port's services must work, its clock above all; a port that starts some
 * of them itself does so first. Before ebpf_init, or where the kernel cannot be
 * probed, all that runs in a trap is skipped. It takes seconds, some of them
 * with interrupts masked, and patches only text of its own. Context: task,
 * interrupts on. */
uint32_t ebpf_port_selftest(const struct ebpf_selftest_kernel* kernel);

#ifdef __cplusplus
} /* extern "C" */
#endif
