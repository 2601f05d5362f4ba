// SPDX-License-Identifier: MIT
//
// Code that must not be probed calls what nobody can tell.
#define NOPROBE __attribute__((section("ebpf_noprobe"), noinline))

NOPROBE int Inside(int (*function)(int), int value) {
  return function(value) * 2;
}
