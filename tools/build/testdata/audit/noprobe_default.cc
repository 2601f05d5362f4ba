// SPDX-License-Identifier: MIT
//
// Code that must not be probed calls a weak default that must not either; where
// noprobe_wins.cc has the function, too, that one wins.
#define NOPROBE __attribute__((section("ebpf_noprobe"), noinline))

NOPROBE __attribute__((weak)) int Default(int value) { return value; }

NOPROBE int Inside(int value) { return Default(value) * 2; }
