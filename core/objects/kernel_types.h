// SPDX-License-Identifier: MIT
//
// The types that a kernel of ours has for programs and clients, as BTF.
#pragma once

#include "core/base/span.h"

namespace ebpf {

/// The BTF of kernel_types.bpf.c: what is reported as "vmlinux", what programs
/// are relocated for and what iterators are attached to, where a port has no
/// types of its own. Context: any.
ConstBytes KernelTypes();

}  // namespace ebpf
