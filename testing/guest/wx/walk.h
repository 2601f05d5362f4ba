// SPDX-License-Identifier: MIT
//
// Reading page tables as the CPU does: from its registers down, and by nobody's
// word but the manual's.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace guest::wx {

/// What one entry of the tables maps.
struct Leaf {
  uintptr_t virt;
  uintptr_t phys;
  size_t size;
  bool writable;    // by the kernel or by a user
  bool executable;  // likewise
};

/// Calls `visit` with each leaf of all the tables that this CPU translates
/// with. False if they have a form that is not known here. Context: task;
/// nobody changes the tables meanwhile.
bool ForEachLeaf(void (*visit)(void* argument, const Leaf& leaf),
                 void* argument);

}  // namespace guest::wx
