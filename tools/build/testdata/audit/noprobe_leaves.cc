// SPDX-License-Identifier: MIT
//
// Code that must not be probed calls code that may be.
#define NOPROBE __attribute__((section("ebpf_noprobe"), noinline))

__attribute__((noinline)) int Outside(int value) {
  asm volatile("");
  return value + 1;
}

NOPROBE int Inside(int value) { return Outside(value) * 2; }

NOPROBE int InsideByTailCall(int value) { return Outside(value); }
