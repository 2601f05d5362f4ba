// SPDX-License-Identifier: MIT
//
// The address of a function that is elsewhere, by which no call goes.
extern "C" int kernel_gives_sum(int a, int b);

int (*AddressOfSum())(int a, int b) { return kernel_gives_sum; }
