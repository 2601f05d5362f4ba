// SPDX-License-Identifier: MIT
//
// The contract of core/platform/mappable.h, but what only mappings show.
#include <stddef.h>
#include <stdint.h>

#include "core/base/memory.h"
#include "core/platform/mappable.h"
#include "core/selftest/case.h"

namespace ebpf::selftest {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kMostPages = 20;

void GivesZeroedWholePages(Environment& environment) {
  for (size_t pages = 1; pages <= kMostPages; pages += pages / 2 + 1) {
    const size_t size = pages * kPage;
    // Twice: the second may be the first, written meanwhile.
    for (int round = 0; round < 2; ++round) {
      auto* bytes = static_cast<uint8_t*>(ebpf_port_mappable_alloc(size));
      PORT_ASSERT(environment, bytes != nullptr);
      PORT_EXPECT(environment, reinterpret_cast<uintptr_t>(bytes) % kPage == 0);
      PORT_EXPECT(environment, AllZero(ConstBytes(bytes, size)));
      FillBytes(bytes, 0xa5, size);
      ebpf_port_mappable_free(bytes, size);
    }
  }
}

void GivesEachItsOwnPages(Environment& environment) {
  uint8_t* pages[kMostPages] = {};
  for (size_t i = 0; i < kMostPages; ++i) {
    pages[i] = static_cast<uint8_t*>(ebpf_port_mappable_alloc(kPage));
    PORT_ASSERT(environment, pages[i] != nullptr);
    FillBytes(pages[i], static_cast<uint8_t>(i), kPage);
  }
  for (size_t i = 0; i < kMostPages; ++i) {
    for (size_t at = 0; at < kPage; at += 64) {
      PORT_EXPECT(environment, pages[i][at] == i);
    }
    ebpf_port_mappable_free(pages[i], kPage);
  }
}

void SaysNoToWhatThereIsNot(Environment& environment) {
  PORT_EXPECT(environment,
              ebpf_port_mappable_alloc(size_t{1} << 46) == nullptr);
  PORT_EXPECT(environment,
              ebpf_port_mappable_alloc(SIZE_MAX / kPage * kPage) == nullptr);
}

void TakesAllBack(Environment& environment) {
  const uint64_t before = environment.AllocatedBytes();
  for (size_t pages = 1; pages <= kMostPages; ++pages) {
    void* const memory = ebpf_port_mappable_alloc(pages * kPage);
    PORT_ASSERT(environment, memory != nullptr);
    ebpf_port_mappable_free(memory, pages * kPage);
  }
  PORT_EXPECT(environment, environment.AllocatedBytes() == before);
}

constexpr Case kCases[] = {
    {"Mappable.GivesZeroedWholePages", GivesZeroedWholePages},
    {"Mappable.GivesEachItsOwnPages", GivesEachItsOwnPages},
    {"Mappable.SaysNoToWhatThereIsNot", SaysNoToWhatThereIsNot},
    {"Mappable.TakesAllBack", TakesAllBack},
};

}  // namespace

Span<const Case> MappableCases() { return kCases; }

}  // namespace ebpf::selftest
