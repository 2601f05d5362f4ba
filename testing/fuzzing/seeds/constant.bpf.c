// SPDX-License-Identifier: MIT
//
// A seed for the fuzz targets: as little as an object can be.
int constant(void *context) __attribute__((section("socket")));
int constant(void *context) { return 1; }
