/* SPDX-License-Identifier: MIT
 *
 * What a kernel calls of ext_ebpf, in plain C.
 *
 * A kernel calls ebpf_init once, its breakpoint trap calls ebpf_on_breakpoint,
 * and its system calls bpf(2) and perf_event_open(2), close, dup, ioctl, mmap,
 * read and poll on the descriptors that these return, call the functions below.
 * Nothing else enters. What a kernel gives in turn is in core/platform.
 *
 * Results are Linux's: a value, or a negative errno. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A CPU type: arch/<isa>/machine_ops.h has it, as ebpf::machine::MachineOps;
 * the port passes it on. */
struct ebpf_machine;

/* How programs are executed. All zero: compiled, if the kernel has executable
 * memory, for any CPU of its type. */
struct ebpf_options {
  /* What this machine's CPUs can do: arch/<isa>/machine/cpu_features.h, where
   * the CPU tells, or bits of arch/<isa>/macro_assembler.h. */
  uint64_t cpu_features;
  /* Never compiled: Linux's bpf_jit_enable = 0. */
  bool interpret;
  /* Programs' constants do not appear in executable memory: Linux's
   * bpf_jit_harden. */
  bool blind_constants;
};

/* Starts the subsystem, and writes a line to the kernel's log that tells how
 * programs are executed. `options` may be null. 0, -EEXIST, -ENOMEM. Context:
 * task, once at boot, with the port's services working. */
int ebpf_init(const struct ebpf_machine* machine,
              const struct ebpf_options* options);

/* Linux's bpf_jit_enable and bpf_jit_harden, for programs that are loaded from
 * now on; a line in the kernel's log tells. -EOPNOTSUPP to `enable` a compiler
 * where there is none, -ENOSYS before ebpf_init. Programs that are compiled and
 * interpreted ones never call each other. Context: task. */
int ebpf_set_jit(bool enable, bool harden);

/* The compiled program whose code contains `address`, for a kernel's
 * backtraces: writes its name ("bpf_prog_<tag>_<name>", ended by a zero), where
 * its code begins, and how long it is. False if there is none. Compiled code
 * keeps frame pointers: so a walk over them gets through it. Context: any. */
bool ebpf_symbol_by_address(uint64_t address, char name[48], uint64_t* begin,
                            uint64_t* size);

/* Ends it: no client is left, so nothing is attached. Context: task. */
void ebpf_exit(void);

/* Linux's struct pt_regs of this CPU: arch/<isa>/pt_regs.h. */
struct ebpf_pt_regs;

/* The breakpoint trap's hook. `regs` is converted from the kernel's trap frame
 * and, when the result is true, converted back: pc, sp, flags, every register.
 * False: not a breakpoint of ours, `regs` untouched. Interrupts are masked
 * before the call, and until the trap's return gives them back from `regs`: a
 * gate that leaves them on masks them first. Context: trap, before anything
 * that a probe may stand on. */
bool ebpf_on_breakpoint(struct ebpf_pt_regs* regs);

/* Code, not a function: the breakpoint's own entry, where there is one
 * (x86-64: arch/x86_64/machine/breakpoint_entry.S), for the breakpoint's vector
 * in place of the kernel's. It saves straight into pt_regs, calls
 * ebpf_on_breakpoint, and goes back: about a third of the time that a kernel's
 * own entry and two conversions take. Breakpoints that are not ours, and those
 * of user mode, it leaves to the kernel's own entry,
 * ebpf_port_breakpoint_entry (core/platform/text.h). It can all that
 * ebpf_port_trap_stub may say. Nothing more calls ebpf_on_breakpoint then.
 *
 * x86-64: an interrupt gate (whose breakpoints user mode may use, if the
 * kernel's own was such), on the interrupted stack, with no IST. The kernel has
 * no supervisor shadow stacks. */
void ebpf_breakpoint_entry(void);

/* The hook of page faults, and of other traps that an instruction may raise,
 * when the kernel itself was interrupted: called before the kernel looks.
 * True: a probed instruction faulted away from its place; `regs`, converted
 * back, are then as if it had faulted at its own, where the kernel handles it
 * (exception tables, ebpf_copy_nofault's fix-up). False: `regs` untouched.
 * Interrupts are masked, and have been since the trap: whose slot the
 * instruction lay in is known only while no CPU can be asked to stand still. A
 * gate that leaves them on masks them first; after false they may be given
 * back. Context: trap. */
bool ebpf_on_fault(struct ebpf_pt_regs* regs);

/* The same traps, after ebpf_on_fault and the fix-up of ebpf_copy_nofault, and
 * before the kernel looks: whether a compiled program loaded memory that is not
 * there. True: `regs`, converted back, lead on; the trap returns at once.
 * False: `regs` untouched. Context: trap. */
bool ebpf_fix_fault(struct ebpf_pt_regs* regs);

/* The kernel stack [stack_begin, stack_end) will not be run on any more: its
 * task has ended, or has left for good what it was in. Calls on it that were
 * followed (kretprobes) never return, and are given back. Without this call
 * each of them is lost to kretprobes until ebpf_exit, which then fails.
 * Context: any; not on that stack, or as the last thing there that a probe may
 * stand on. */
void ebpf_task_exit(uint64_t stack_begin, uint64_t stack_end);

/* Who calls: one for each process, and one for the kernel itself. */
struct ebpf_client;
enum ebpf_origin {
  EBPF_ORIGIN_USER = 0,  /* pointers are the calling process's */
  EBPF_ORIGIN_KERNEL = 1 /* pointers are the kernel's; may do everything */
};

/* A client with no open descriptors; null when there is no memory.
 * Context of all below: task, interrupts on. */
struct ebpf_client* ebpf_client_create(enum ebpf_origin origin);
/* How much a process may keep in memory by mapping it, Linux's RLIMIT_MEMLOCK
 * (8 MiB until this is called), beside perf's own 516 KiB for each CPU; beyond,
 * ebpf_mmap of a perf event is -EPERM without CAP_IPC_LOCK. */
void ebpf_client_limit_memlock(struct ebpf_client* client, uint64_t bytes);
/* Closes what is open. Nobody else uses the client any more. */
void ebpf_client_delete(struct ebpf_client* client);

/* For kernels whose own descriptors stand for files of ours
 * (ebpf_port_fd_install and ebpf_port_fd_get, core/platform/files.h): one
 * client for all processes. Memory, rights and descriptors are those of the
 * process that calls, so fork, dup and passing descriptors on are the kernel's
 * business alone; what they keep by mapping counts together. The kernel's own
 * close closes: ebpf_close is -EBADF. Null when there is no memory. */
struct ebpf_client* ebpf_client_create_for_callers(void);

/* bpf(2) and perf_event_open(2). Pointers are 64-bit numbers whose meaning is
 * the client's origin. */
int64_t ebpf_bpf(struct ebpf_client* client, uint32_t command, uint64_t attr,
                 uint32_t size);
int64_t ebpf_perf_event_open(struct ebpf_client* client, uint64_t attr,
                             int32_t pid, int32_t cpu, int32_t group_fd,
                             uint64_t flags);

/* The calls on descriptors. read never blocks (-EAGAIN); write takes what
 * it can, perhaps not all; poll returns the bits that hold now. */
int64_t ebpf_close(struct ebpf_client* client, int32_t fd);
int64_t ebpf_dup(struct ebpf_client* client, int32_t fd);
int64_t ebpf_read(struct ebpf_client* client, int32_t fd, uint64_t to,
                  uint64_t size);
int64_t ebpf_write(struct ebpf_client* client, int32_t fd, uint64_t from,
                   uint64_t size);
int64_t ebpf_poll(struct ebpf_client* client, int32_t fd);
int64_t ebpf_ioctl(struct ebpf_client* client, int32_t fd, uint32_t command,
                   uint64_t argument);

/* From now on, until the descriptor's last close, ebpf_port_wake(file)
 * (core/platform/wake.h) is called when there is something to read that there
 * was not: once for each descriptor that can wake (trace_pipe, rings, perf
 * events that are mapped); 0, -EBUSY the second time, -EOPNOTSUPP for others.
 * Who blocks a reader: after -EAGAIN it is put to sleep if ebpf_poll, asked
 * once more where a wake is no longer missed, says that there is nothing still.
 */
int64_t ebpf_fd_wake(struct ebpf_client* client, int32_t fd, void* file);

/* What a kernel shows of a descriptor. The link of /proc/self/fd/N
 * ("anon_inode:bpf-map"), which is never freed, in `*name`; 0 or -EBADF. */
int64_t ebpf_fd_name(struct ebpf_client* client, int32_t fd, const char** name);
/* The lines of /proc/self/fdinfo/N that are of this kind of object, as much of
 * them as fits into `size` characters, without a zero; how many there are, or
 * -EBADF. */
int64_t ebpf_fd_info(struct ebpf_client* client, int32_t fd, char* text,
                     size_t size);

/* Such a file, for the kernel's file object that holds it. What has the name of
 * a call on descriptors (ebpf_fd_wake for `wake`, and so on) does the same; the
 * client's origin says what pointers are: the kernel's own to read to memory of
 * the kernel, the callers' for ioctl and mmap. Context: task; of the last put
 * as well, since it may wait. */
struct ebpf_file;
void ebpf_file_keep(struct ebpf_file* file);
void ebpf_file_put(struct ebpf_file* file);
/* From where nobody may wait, as where a process's table goes under a lock: a
 * task waits for what there is to wait for (ebpf_port_defer; without it, this
 * call). Context: any. */
void ebpf_file_put_later(struct ebpf_file* file);
int64_t ebpf_file_read(struct ebpf_client* client, struct ebpf_file* file,
                       uint64_t to, uint64_t size);
int64_t ebpf_file_write(struct ebpf_client* client, struct ebpf_file* file,
                        uint64_t from, uint64_t size);
int64_t ebpf_file_poll(struct ebpf_file* file);
int64_t ebpf_file_ioctl(struct ebpf_client* client, struct ebpf_file* file,
                        uint32_t command, uint64_t argument);
struct ebpf_pages;
int64_t ebpf_file_mmap(struct ebpf_client* client, struct ebpf_file* file,
                       uint64_t offset, uint64_t size, uint32_t protection,
                       struct ebpf_pages* pages);
int64_t ebpf_file_wake(struct ebpf_file* file, void* port_file);
const char* ebpf_file_name(struct ebpf_file* file);
int64_t ebpf_file_info(struct ebpf_file* file, char* text, size_t size);

/* What a file layer needs to show the objects that BPF_OBJ_PIN has named, below
 * /sys/fs/bpf: mkdir, unlink, rmdir, readdir. Paths are absolute and the
 * client's. Entry `index` of a directory comes in no certain order; -ENOENT
 * behind the last. */
struct ebpf_pin_entry {
  char name[256];
  bool is_directory;
};
int64_t ebpf_pin_mkdir(struct ebpf_client* client, uint64_t path);
int64_t ebpf_pin_unlink(struct ebpf_client* client, uint64_t path);
int64_t ebpf_pin_rmdir(struct ebpf_client* client, uint64_t path);
/* A descriptor to read, as `cat` does: of an iterator. -EIO for the others. */
int64_t ebpf_pin_open(struct ebpf_client* client, uint64_t path);
int64_t ebpf_pin_read(struct ebpf_client* client, uint64_t path, uint32_t index,
                      struct ebpf_pin_entry* entry);

/* The texts that Linux has for people and tools, one for each index from 0 on:
 * where Linux has it ("/proc/kallsyms", "/sys/kernel/debug/kprobes/list"), a
 * string that is never freed, and the mode of that file, which is root's. Null
 * behind the last. For a file layer that shows them. Those that are there for
 * each event, CPU or option are not among them: ebpf_text_list. Context: any.
 */
const char* ebpf_text_path(uint32_t index, uint32_t* mode);
/* A descriptor of one of them, by Linux's path in the client's memory, with
 * Linux's O_RDONLY 0, O_WRONLY 1, O_RDWR 2, O_TRUNC 01000 (what is there goes)
 * and O_APPEND 02000: to read from its beginning, and to write commands, one at
 * a time. -ENOENT, -EISDIR, -ENOTDIR, -EACCES for whom the mode excludes,
 * -EBUSY where another reads what is gone once it was read (trace_pipe).
 * Addresses are zeros for clients without CAP_SYSLOG; a text of nothing but
 * addresses is -EACCES for them. What is below /sys/kernel/tracing is also
 * below /sys/kernel/debug/tracing, where Linux mounts it as well. */
int64_t ebpf_text_open(struct ebpf_client* client, uint64_t path,
                       uint32_t flags);
/* Entry `index` of a directory of texts, in no certain order; -ENOENT behind
 * the last. And what is at a path. Events come and go, and so do theirs.
 * -EACCES: for whom the modes of directories exclude; tracefs is root's. */
struct ebpf_text_entry {
  char name[256];
  bool is_directory;
  uint32_t mode; /* its permissions; it is root's */
};
int64_t ebpf_text_list(struct ebpf_client* client, uint64_t path,
                       uint32_t index, struct ebpf_text_entry* entry);
int64_t ebpf_text_stat(struct ebpf_client* client, uint64_t path,
                       struct ebpf_text_entry* entry);
/* The same for a file layer that keeps nothing per open file: `size` bytes at
 * `offset` of text `index`, fewer at its end. Everything before `offset` is
 * made anew to find it, so it suits a text that is read at once; who reads
 * piece by piece opens it: the time that all pieces take then grows with the
 * text, and not with its square. -EACCES as of ebpf_text_open. */
int64_t ebpf_text_read(struct ebpf_client* client, uint32_t index,
                       uint64_t offset, uint64_t to, uint64_t size);

/* The bytes of Linux's /sys/kernel/btf/vmlinux, for a kernel's file layer:
 * clients find there what programs may be relocated for and attached to. They
 * live until ebpf_exit; null before ebpf_init. */
const void* ebpf_kernel_types(size_t* size);

/* Whether the programs that are attached to `cgroup` (ebpf_port_cgroup_get's
 * pointer, of the running task's group) and to those above it let a task use a
 * device, as Linux's BPF_CGROUP_DEVICE: 0, or -EPERM (-1). The kernel asks
 * before a device is opened or made. `type` and `access` are Linux's numbers:
 * a block device 1, a character device 2; a sum of mknod 1, read 2, write 4.
 * Kernels that ask have EBPF_PORT_CGROUP_DEVICES (core/platform/features.h).
 * Context: any. */
int ebpf_cgroup_device_allowed(const void* cgroup, uint32_t type,
                               uint32_t access, uint32_t major, uint32_t minor);
/* The group is being removed: what is attached to it no longer is, and its
 * pointer is given back. Context: task. */
void ebpf_cgroup_removed(const void* cgroup);

/* Memory of a descriptor that may be mapped: `size` bytes at `address`, of
 * which the last `mirrored_size` are to be mapped once more behind them for a
 * process (a ring's data). Linux maps them shared only (MAP_PRIVATE: -EINVAL).
 * Where it is `sealed` no process may come to write what it maps to read
 * (mprotect), nor make the mapping longer (mremap), or it writes what the
 * kernel relies on: who cannot see to that does not map them. A kernel that
 * cannot map a page twice may leave the second copy without memory in mappings
 * that are only read: no record of the kernel's goes over a ring's end
 * (core/ring/ring_layout.h). */
struct ebpf_pages {
  void* address;
  size_t size;
  size_t mirrored_size;
  bool sealed;
};
/* 0 and `*pages`; -EPERM with PROT_EXEC. Who maps them for a process holds a
 * dup of the descriptor until they are unmapped. */
int64_t ebpf_mmap(struct ebpf_client* client, int32_t fd, uint64_t offset,
                  uint64_t size, uint32_t protection, struct ebpf_pages* pages);

/* Moves lines out of the trace: what programs wrote by bpf_trace_printk, and
 * other events that were switched on; whole ones, oldest first, while there are
 * and the longest would fit (longer ones, which only other events have, are
 * cut); the bytes written. `size` is at least EBPF_TRACE_LINE_MAX, or nothing
 * comes. What Linux gives in trace_pipe, but never blocking. */
#define EBPF_TRACE_LINE_MAX 1152
size_t ebpf_trace_read(char* to, size_t size);

#ifdef __cplusplus
} /* extern "C" */
#endif
