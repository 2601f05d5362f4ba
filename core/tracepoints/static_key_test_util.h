// SPDX-License-Identifier: MIT
//
// Branches that several sources of a test share.
#pragma once

#include <cstddef>

#include "core/tracepoints/static_key.h"
#include "machine/static_branch.h"

namespace ebpf {

/// Of a function that each source has, and the linker keeps one of.
extern StaticKey shared_key;

[[gnu::noinline]] inline bool IsSharedTaken() {
  return EBPF_STATIC_BRANCH(shared_key);
}

/// Inlined wherever it is asked, each with a branch of its own.
[[gnu::always_inline]] inline bool IsSharedTakenHere() {
  return EBPF_STATIC_BRANCH(shared_key);
}

/// From the other source: its own call, and what is inlined there.
bool IsSharedTakenElsewhere();
bool IsSharedTakenInlineElsewhere();

}  // namespace ebpf
