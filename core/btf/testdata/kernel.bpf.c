// SPDX-License-Identifier: MIT
//
// The kernel's types for core_relo_test.cc: a function that names them all.
#define KERNEL
#include "core/btf/testdata/layouts.h"

__attribute__((section("raw_tp/names"), used)) int names(struct record* r,
                                                         struct flexible* f,
                                                         struct shape* s,
                                                         enum answer* a,
                                                         callback c) {
  return r->moved + f->count + s->x + *a + c(1, 0);
}
