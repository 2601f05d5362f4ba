// SPDX-License-Identifier: MIT
//
// A seed for the fuzz targets: all kinds of global data.
const volatile int limit = 3;
volatile int level = 2;
volatile long sum;

__attribute__((section("kprobe"))) int data(long *context) {
  if (level < limit) sum += context[0];
  return 0;
}
