/* SPDX-License-Identifier: MIT
 *
 * What ebpf_test_c.c, compiled as C, offers to ebpf_test.cc. Each returns a
 * value or a negative errno. */
#pragma once

#include "core/capi/ebpf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A descriptor of an array with one value. */
int64_t c_kernel_map(struct ebpf_client *client, uint32_t value);
/* The value, read through a mapping. */
int64_t c_kernel_mapped_value(struct ebpf_client *client, int64_t fd);

/* A descriptor of an enabled event on the function, with a program. */
int64_t c_kernel_probe(struct ebpf_client *client, const char *function);
/* The event's count. */
int64_t c_kernel_count(struct ebpf_client *client, int64_t event);
/* The beginning of a text, read in the two ways that there are: how much. */
int64_t c_kernel_text(struct ebpf_client *client, const char *path, char *to,
                      uint64_t size);
/* Writes into a text: how much was taken. The text's name is in `name`. */
int64_t c_kernel_write(struct ebpf_client *client, const char *path,
                       const char *text, char *name);
/* How many entries a directory of texts has. */
int64_t c_kernel_entries(struct ebpf_client *client, const char *path);

/* Lets no task of the group write to devices. */
int64_t c_kernel_forbid_writes(struct ebpf_client *client, int group_fd);

#ifdef __cplusplus
}
#endif
