// SPDX-License-Identifier: MIT
//
// A ring, and its words as user space maps them, for tests.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/memory.h"
#include "core/maps/map_test_util.h"
#include "core/maps/ring_buffer.h"

namespace ebpf {

class RingBufferTest : public MapTest {
 protected:
  explicit RingBufferTest(uint32_t size = 4096)
      : ring_(PortAllocator(), nullptr) {
    EXPECT_EQ(ring_.Init(size), Status::kOk);
  }

  /// The words that user space maps.
  std::atomic<uint64_t>& consumer() { return WordAt(0); }
  std::atomic<uint64_t>& producer() { return WordAt(4096); }
  std::atomic<uint64_t>& WordAt(size_t offset) {
    return *reinterpret_cast<std::atomic<uint64_t>*>(
        ring_.user_memory().data() + offset);
  }
  uint8_t* data() { return ring_.user_memory().data() + 8192; }
  uint32_t LengthWordAt(uint64_t position) {
    return LoadUnaligned<uint32_t>(data() + position % ring_.data_size());
  }

  Status OutputBytes(size_t size, uint64_t wakeup = 0) {
    const std::vector<uint8_t> record(size, 0xab);
    return ring_.Output(In(record), wakeup);
  }
  Result<size_t> ReadAny() {
    std::vector<uint8_t> to(ring_.data_size());
    return ring_.Read(Out(to));
  }

  RingBuffer ring_;
};

}  // namespace ebpf
