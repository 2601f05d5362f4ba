// SPDX-License-Identifier: MIT
//
// A seed for the fuzz targets: a function that calls two others.
#define NOINLINE static __attribute__((noinline))

NOINLINE int twice(int x) { return 2 * x; }

NOINLINE int inner(int x) { return twice(x) + twice(x + 1); }

__attribute__((section("kprobe/fuzz_function+1"))) int call(long *context) {
  return inner((int)context[0]);
}

char license_text[] __attribute__((section("license"))) = "GPL";
