// SPDX-License-Identifier: MIT
//
// What compiling costs: time, scratch memory, code, by the program's length.
#pragma once

namespace ebpf::benchmarks {

/// Compiles programs of 64 to 1 000 000 instructions, put together from the
/// kernels, and prints a table to standard output.
void PrintCompileCost(bool quick);

}  // namespace ebpf::benchmarks
