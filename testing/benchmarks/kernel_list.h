// SPDX-License-Identifier: MIT
//
// The kernels of kernels/kernels.def: natively, and as eBPF objects.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/span.h"

namespace ebpf::benchmarks {

enum class Group : uint8_t {
  kEmpty,    // what a run costs by itself
  kCompute,  // no calls
  kCalls,    // subprograms
  kTracing   // maps and helpers
};

/// Where native code finds a map of this name.
struct NativeMap {
  const char* name;
  void** slot;
};

struct Kernel {
  const char* name;
  Group group;
  uint64_t (*native)(uint8_t* memory);
  std::vector<NativeMap> native_maps;
  /// A program that verifiers accept; its memory is the start of ".bss", its
  /// result the eight bytes behind.
  ConstBytes object;
  /// The same with its memory in r1; empty for kTracing.
  ConstBytes raw_object;
};

/// All of them, in the table's order.
const std::vector<Kernel>& Kernels();

/// As kernels/kernel.h lays it out.
inline constexpr size_t kMemorySize = 16384;
inline constexpr size_t kResultOffset = kMemorySize;

/// Fills `memory` (kMemorySize bytes) as it is before the first run.
void FillMemory(uint8_t* memory);

/// A number that depends on each byte which a kernel may have written.
uint64_t DigestMemory(const uint8_t* memory);

}  // namespace ebpf::benchmarks
