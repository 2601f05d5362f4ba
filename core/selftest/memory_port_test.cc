// SPDX-License-Identifier: MIT
//
// The contract of core/platform/memory.h.
#include "core/base/memory.h"
#include "core/platform/memory.h"
#include "core/selftest/case.h"

namespace ebpf::selftest {
namespace {

constexpr size_t kPage = 4096;

void GivesZeroedAlignedBytes(Environment& environment) {
  for (size_t size = 1; size <= 3 * kPage; size = size * 3 / 2 + 1) {
    for (size_t align = 1; align <= kPage; align *= 2) {
      // Twice: the second may be the first, written meanwhile.
      for (int round = 0; round < 2; ++round) {
        auto* bytes = static_cast<uint8_t*>(ebpf_port_alloc(size, align));
        PORT_ASSERT(environment, bytes != nullptr);
        PORT_EXPECT(environment,
                    reinterpret_cast<uintptr_t>(bytes) % align == 0);
        PORT_EXPECT(environment, AllZero(ConstBytes(bytes, size)));
        FillBytes(bytes, 0xa5, size);
        ebpf_port_free(bytes, size, align);
      }
    }
  }
}

void GivesEachBlockItsOwnBytes(Environment& environment) {
  constexpr size_t kBlocks = 64;
  uint8_t* blocks[kBlocks] = {};
  for (size_t i = 0; i < kBlocks; ++i) {
    blocks[i] = static_cast<uint8_t*>(ebpf_port_alloc(i + 1, 1));
    PORT_ASSERT(environment, blocks[i] != nullptr);
    FillBytes(blocks[i], static_cast<uint8_t>(i), i + 1);
  }
  for (size_t i = 0; i < kBlocks; ++i) {
    for (size_t at = 0; at <= i; ++at) {
      PORT_EXPECT(environment, blocks[i][at] == i);
    }
    ebpf_port_free(blocks[i], i + 1, 1);
  }
}

void SaysNoToWhatThereIsNot(Environment& environment) {
  PORT_EXPECT(environment, ebpf_port_alloc(size_t{1} << 46, 8) == nullptr);
  PORT_EXPECT(environment, ebpf_port_alloc(SIZE_MAX - 100, 8) == nullptr);
}

void TakesAllBack(Environment& environment) {
  const uint64_t before = environment.AllocatedBytes();
  for (size_t size = 1; size < 100'000; size = size * 2 + 1) {
    ebpf_port_free(ebpf_port_alloc(size, 64), size, 64);
  }
  PORT_EXPECT(environment, environment.AllocatedBytes() == before);
}

constexpr Case kCases[] = {
    {"Memory.GivesZeroedAlignedBytes", GivesZeroedAlignedBytes},
    {"Memory.GivesEachBlockItsOwnBytes", GivesEachBlockItsOwnBytes},
    {"Memory.SaysNoToWhatThereIsNot", SaysNoToWhatThereIsNot},
    {"Memory.TakesAllBack", TakesAllBack},
};

}  // namespace

Span<const Case> MemoryCases() { return kCases; }

}  // namespace ebpf::selftest
