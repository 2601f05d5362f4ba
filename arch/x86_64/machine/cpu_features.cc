// SPDX-License-Identifier: MIT
//
// Asks CPUID.
#include "arch/x86_64/machine/cpu_features.h"

#include "arch/x86_64/macro_assembler.h"

namespace ebpf::x86_64 {
namespace {

struct Leaf {
  uint32_t eax;
  uint32_t ebx;
  uint32_t ecx;
  uint32_t edx;
};

Leaf Cpuid(uint32_t number) {
  Leaf leaf = {number, 0, 0, 0};
  asm("cpuid" : "+a"(leaf.eax), "=b"(leaf.ebx), "+c"(leaf.ecx), "=d"(leaf.edx));
  return leaf;
}

}  // namespace

uint64_t CpuFeatures() {
  // [intel/vol2: CPUID]
  constexpr uint32_t kFeatureLeaf = 1;
  constexpr uint32_t kMovbe = 1u << 22;  // ecx
  constexpr uint32_t kExtendedFeatureLeaf = 7;
  constexpr uint32_t kBmi2 = 1u << 8;  // ebx

  uint64_t features = 0;
  if ((Cpuid(kFeatureLeaf).ecx & kMovbe) != 0) {
    features |= kFeatureMovbe;
  }
  if (Cpuid(0).eax >= kExtendedFeatureLeaf &&
      (Cpuid(kExtendedFeatureLeaf).ebx & kBmi2) != 0) {
    features |= kFeatureBmi2;
  }
  return features;
}

}  // namespace ebpf::x86_64
