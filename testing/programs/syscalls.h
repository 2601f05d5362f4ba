// SPDX-License-Identifier: MIT
//
// What syscalls.bpf.c has seen.
#pragma once

/// Of no file: writes to it fail, and are the test's own.
#define SYSCALLS_FD 77

struct syscalls_view {
  unsigned long long writes;
  unsigned long long bytes;
  unsigned long long results;
  long long result;
  unsigned long long raws;
};
