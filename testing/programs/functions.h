// SPDX-License-Identifier: MIT
//
// What functions.bpf.c and its readers share.
#pragma once

// The map `functions`: by the address of a function.
struct function_calls {
  unsigned long long entries;
  unsigned long long returns;
  unsigned long long cookie;    // of the last one
  unsigned long long returned;  // by the last call
  unsigned long long argument;  // of the last call that returned
};
