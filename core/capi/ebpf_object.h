/* SPDX-License-Identifier: MIT
 *
 * Object files, as clang makes them of eBPF programs, for a kernel or an
 * application inside of one, in plain C: what libbpf is to a process.
 *
 *   ebpf_object_open, ebpf_object_load, ebpf_object_attach_all; then
 *   ebpf_object_map and bpf(2) for what the programs found; ebpf_object_close.
 *
 * Results are Linux's: a value, or a negative errno. Context of all: task,
 * interrupts on; one call at a time for each object. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/capi/ebpf.h"

#ifdef __cplusplus
extern "C" {
#endif

struct ebpf_object;

/* Where it is told in words what went wrong. All zero: nowhere. */
struct ebpf_object_log {
  /* What the next call had to say, with a zero at its end: what is wrong in the
   * file, and the verifier's log of a program that it refuses. */
  char* text;
  size_t size;
  /* BPF_PROG_LOAD's log_level also for programs that are not refused. */
  uint32_t level;
};

/* Reads an object file (libbpf: bpf_object__open_mem) for a client of origin
 * kernel. `bytes`, and the log's text, are the caller's and stay until
 * ebpf_object_close. 0 and `*object`; -ENOEXEC: it is no such file; -EINVAL:
 * the client is a process's, or something in the file is malformed;
 * -EOPNOTSUPP, -E2BIG: it has what is not supported, or too much of it;
 * -ENOMEM. */
int ebpf_object_open(struct ebpf_client* client, const void* bytes, size_t size,
                     const struct ebpf_object_log* log,
                     struct ebpf_object** object);

/* Makes its maps and loads its programs (bpf_object__load). What was made
 * before a failure stays until ebpf_object_close, and another call goes on from
 * there. */
int ebpf_object_load(struct ebpf_object* object);

/* A map's descriptor by its name in the source, or ".data", ".rodata", ".bss";
 * the object's, which closes it. -ENOENT. */
int64_t ebpf_object_map(struct ebpf_object* object, const char* name);

/* A loaded program's descriptor by its function's name; the object's. -ENOENT:
 * there is none, or it is not loaded. */
int64_t ebpf_object_program(struct ebpf_object* object, const char* name);

/* Attaches a program, by its function's name, to what its SEC("...") says,
 * where `target` is null, or to `target`: of kprobe and kretprobe a function,
 * with `offset`; of tracepoint "system/name"; of raw_tracepoint a name; of
 * kprobe.multi and its kin a pattern. The attachment's descriptor, which is the
 * object's. -EINVAL: it names nothing; -EOPNOTSUPP: nothing can be attached
 * so; -ENOENT. */
int64_t ebpf_object_attach(struct ebpf_object* object, const char* program,
                           const char* target, uint64_t offset);

/* Attaches each program that says to what, as a skeleton's attach does; those
 * that do not, or that something else attaches (iterators), are left. How many;
 * or the first failure, and then none of them is attached. */
int64_t ebpf_object_attach_all(struct ebpf_object* object);

/* Ends an attachment. Its program runs for it no more when this returns. */
int ebpf_object_detach(struct ebpf_object* object, int64_t attachment);

/* Ends what is attached, closes what was made, and frees the object. */
void ebpf_object_close(struct ebpf_object* object);

#ifdef __cplusplus
} /* extern "C" */
#endif
