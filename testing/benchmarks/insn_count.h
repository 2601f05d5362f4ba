// SPDX-License-Identifier: MIT
//
// How many eBPF instructions a run of a kernel executes.
#pragma once

#include "testing/benchmarks/kernel_list.h"

namespace ebpf::benchmarks {

/// Of one run of `kernel.object` as it comes out of the compiler, on average
/// over 64 runs; found by running it on testing/fuzzing's checked machine.
double CountInsns(const Kernel& kernel);

}  // namespace ebpf::benchmarks
