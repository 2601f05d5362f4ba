// SPDX-License-Identifier: MIT
//
// A datum per thread, where a kernel has no threads of that kind.
static thread_local int counter = 3;

int Next() { return ++counter; }
