// SPDX-License-Identifier: MIT
//
// Addresses a datum and a function; how depends on the flags.
extern "C" int kernel_gives_number();
extern "C" int kernel_gives_table[];

int Look(int index) {
  return kernel_gives_table[index] + kernel_gives_number();
}
