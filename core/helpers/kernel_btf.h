// SPDX-License-Identifier: MIT
//
// The kernel's own types, for helpers that are told a type by its number.
#pragma once

#include "core/btf/btf.h"

namespace ebpf {

/// What KernelBtf gives from now on: it outlives the programs that run, or is
/// null. Context: task, while no program runs.
void SetKernelBtf(const btf::Btf* btf);

/// The kernel's types, or null where it has none. Context: any.
const btf::Btf* KernelBtf();

}  // namespace ebpf
