// SPDX-License-Identifier: MIT
#pragma once

#include "core/base/span.h"

namespace ebpf {

// A row of syscalls.def beside Linux's header.
struct LinuxNumber {
  const char* call;
  int ours;
  const char* theirs;  // the name of a macro where the header has none
};

// The numbers of AArch64, RISC-V and others. Context: any.
Span<const LinuxNumber> LinuxNumbers();

}  // namespace ebpf
