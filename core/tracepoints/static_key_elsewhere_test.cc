// SPDX-License-Identifier: MIT
//
// The second source of static_key_test.
#include "core/tracepoints/static_key_test_util.h"

namespace ebpf {

bool IsSharedTakenElsewhere() { return IsSharedTaken(); }
bool IsSharedTakenInlineElsewhere() { return IsSharedTakenHere(); }

}  // namespace ebpf
