// SPDX-License-Identifier: MIT
//
// Has unwind tables, when compiled with them.
int Twice(int value) { return value * 2; }
