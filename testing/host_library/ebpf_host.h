/* SPDX-License-Identifier: MIT
 *
 * The subsystem inside an ordinary Linux process, for tests and tools in any
 * language: libebpf_host.so. README.md tells what is not as in a kernel.
 *
 * Results are Linux's: a value, or a negative errno. All calls come from the
 * thread that loaded the library, which is CPU 0. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Starts the subsystem: programs are compiled, or interpreted if `interpret`.
 * Takes SIGTRAP and SIGSEGV over. -EEXIST, -ENOMEM. */
int ebpf_host_start(bool interpret);
/* Closes what is open, forgets what is pinned and what functions there are. */
void ebpf_host_stop(void);
/* Bytes that are still allocated; 0 after ebpf_host_stop. */
uint64_t ebpf_host_allocated_bytes(void);

/* bpf(2), perf_event_open(2), and the calls on the descriptors that they
 * return. Pointers are the process's, and trusted as a kernel's are. */
int64_t ebpf_host_bpf(uint32_t command, void* attr, uint32_t size);
int64_t ebpf_host_perf_event_open(void* attr, int32_t pid, int32_t cpu,
                                  int32_t group_fd, uint64_t flags);
int64_t ebpf_host_close(int32_t fd);
int64_t ebpf_host_dup(int32_t fd);
int64_t ebpf_host_read(int32_t fd, void* to, uint64_t size);
int64_t ebpf_host_poll(int32_t fd);
int64_t ebpf_host_ioctl(int32_t fd, uint32_t command, uint64_t argument);
/* The memory itself, not a mapping of it; it goes with the descriptor's file.
 * A ring's data is not mirrored. */
int64_t ebpf_host_mmap(int32_t fd, uint64_t offset, uint64_t size,
                       uint32_t protection, void** address);

/* /proc/self/fd/N's link, and the lines of /proc/self/fdinfo/N that are of this
 * kind of object: ended by a zero, cut to `size`; their length. */
const char* ebpf_host_fd_name(int32_t fd);
int64_t ebpf_host_fd_info(int32_t fd, char* text, size_t size);

/* mkdir, unlink and rmdir below /sys/fs/bpf. */
int64_t ebpf_host_pin_mkdir(const char* path);
int64_t ebpf_host_pin_unlink(const char* path);
int64_t ebpf_host_pin_rmdir(const char* path);

/* A function of the "kernel", given as machine code, that can be probed by its
 * name, which the library copies: its address, or 0. */
uint64_t ebpf_host_add_function(const char* name, const void* code,
                                size_t size);

/* Lines that programs wrote by bpf_trace_printk; bytes written. */
size_t ebpf_host_trace_read(char* to, size_t size);

#ifdef __cplusplus
} /* extern "C" */
#endif
