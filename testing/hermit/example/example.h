/* SPDX-License-Identifier: MIT
 *
 * What trace_itself.c offers. */
#pragma once

#include <stddef.h>

#include "testing/hermit/example/trace_itself.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Brings eBPF up, has the programs of the object file look on while `work`
 * runs, and tells what they found. 0, or a negative errno, and `log` says more.
 */
int trace_itself(const void *object_file, size_t size, void (*work)(void),
                 struct findings *findings, char *log, size_t log_size);

#ifdef __cplusplus
} /* extern "C" */
#endif
