// SPDX-License-Identifier: MIT
//
// What events.bpf.c and its readers share.
#pragma once

// A record of the ring `events`.
struct open_event {
  unsigned long long time_ns;
  unsigned int pid;
  unsigned int cpu;
  unsigned int flags;
  int path_size;  // of the string with its zero; negative: an errno
  char comm[16];
  char path[64];
};
