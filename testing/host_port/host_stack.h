// SPDX-License-Identifier: MIT
//
// What ebpf_port_stack_bounds knows: by itself nothing.
#pragma once

#include <stdint.h>

#include "core/base/types.h"

namespace ebpf {

/// While one lives, its thread's kernel stack is [begin, end), or the thread's
/// own stack. One at a time.
class HostStack : public NonCopyable {
 public:
  HostStack();
  HostStack(uintptr_t begin, uintptr_t end);
  ~HostStack();
};

}  // namespace ebpf
