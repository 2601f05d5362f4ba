// SPDX-License-Identifier: MIT
//
// testing/benchmarks/kernel_list.h's implementation, made of kernels.def.
#include "testing/benchmarks/kernel_list.h"

#include <cstring>

#define BENCH_KERNEL(name, group)                 \
  extern "C" uint64_t bench_##name(uint8_t* mem); \
  extern "C" const uint8_t name##_bpf_begin[];    \
  extern "C" const uint8_t name##_bpf_end[];      \
  extern "C" const uint8_t name##_raw_begin[];    \
  extern "C" const uint8_t name##_raw_end[];
#define BENCH_MAP(kernel, name) extern "C" void* bench_map_##name;
#include "testing/benchmarks/kernels/kernels.def"
#undef BENCH_KERNEL
#undef BENCH_MAP

namespace ebpf::benchmarks {
namespace {

ConstBytes Between(const uint8_t* begin, const uint8_t* end) {
  return ConstBytes(begin, static_cast<size_t>(end - begin));
}

std::vector<Kernel> MakeKernels() {
  std::vector<Kernel> kernels = {
#define BENCH_KERNEL(name, group)             \
  {#name,                                     \
   Group::group,                              \
   bench_##name,                              \
   {},                                        \
   Between(name##_bpf_begin, name##_bpf_end), \
   Group::group == Group::kTracing            \
       ? ConstBytes()                         \
       : Between(name##_raw_begin, name##_raw_end)},
#define BENCH_MAP(kernel, name)
#include "testing/benchmarks/kernels/kernels.def"
#undef BENCH_KERNEL
#undef BENCH_MAP
  };
#define BENCH_KERNEL(name, group)
#define BENCH_MAP(kernel_name, map)                           \
  for (Kernel & kernel : kernels) {                           \
    if (std::strcmp(kernel.name, #kernel_name) == 0) {        \
      kernel.native_maps.push_back({#map, &bench_map_##map}); \
    }                                                         \
  }
#include "testing/benchmarks/kernels/kernels.def"
#undef BENCH_KERNEL
#undef BENCH_MAP
  return kernels;
}

constexpr size_t kInputSize = 4096;
constexpr size_t kTableOffset = 12288;

}  // namespace

const std::vector<Kernel>& Kernels() {
  static const std::vector<Kernel> kernels = MakeKernels();
  return kernels;
}

void FillMemory(uint8_t* memory) {
  std::memset(memory, 0, kMemorySize + sizeof(uint64_t));
  uint64_t state = 0x853c49e6748fea9b;
  for (size_t at = 0; at < kInputSize; at += sizeof(state)) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    const uint64_t word = state * 0x2545f4914f6cdd1d;
    std::memcpy(memory + at, &word, sizeof(word));
  }
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value & 1) != 0 ? value >> 1 ^ 0xedb88320 : value >> 1;
    }
    std::memcpy(memory + kTableOffset + i * sizeof(value), &value,
                sizeof(value));
  }
}

uint64_t DigestMemory(const uint8_t* memory) {
  uint64_t digest = 0;
  for (size_t at = 0; at < kTableOffset; at += sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, memory + at, sizeof(word));
    digest = (digest ^ word) * 0x9e3779b97f4a7c15 + (digest >> 29);
  }
  return digest;
}

}  // namespace ebpf::benchmarks
