// SPDX-License-Identifier: MIT
//
// Whether executable memory of ours can be written by any mapping.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace guest::wx {

struct Findings {
  bool known = false;         // all tables had a form that is known
  size_t pages = 0;           // of executable memory that the port gave to core
  size_t leaves = 0;          // on all CPUs
  size_t executable = 0;      // pages that a mapping executes
  size_t violations = 0;      // and another one, or the same, writes
  uintptr_t written_at = 0;   // the first violation's
  uintptr_t executed_at = 0;  // addresses
};

/// Walks the page tables of every CPU, the direct map and everything else, for
/// each page that ebpf_port_exec_alloc has given: code and slots of ours.
/// Context: task; nobody allocates, frees or patches meanwhile.
Findings Look();

/// Prints what was found.
void Print(const Findings& findings);

}  // namespace guest::wx
