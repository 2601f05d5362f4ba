/* SPDX-License-Identifier: MIT
 *
 * What trace_itself.bpf.c finds out, and trace_itself.c reads. */
#pragma once

#define TRACE_ITSELF_SLOTS 16

struct findings {
  unsigned long long opens;
  unsigned long long writes;
  unsigned long long bytes;
  unsigned long long
      failures; /* writes that returned less than they were asked */
  /* Writes of 2^i to 2^(i+1)-1 bytes. */
  unsigned long long sizes[TRACE_ITSELF_SLOTS];
};
