// SPDX-License-Identifier: MIT
//
// How core/helpers/value_text.h reads the value that it shows.
#pragma once

#include <stdint.h>

#include "core/base/memory.h"
#include "core/platform/nofault.h"

namespace ebpf {

/// A window into memory that may not be there: as Linux reads an object, so
/// that what is shown of one that ends in an unmapped page is the same.
/// Context: any.
class ValueWindow {
 public:
  static constexpr uint32_t kMaxIntegerBytes = 16;

  ValueWindow(uint64_t begin, uint64_t size) : end_(begin + size) {}

  /// The memory at `address`, where something of `size` bytes is; null: it
  /// cannot be read. Of a struct or array that is only its begin.
  const uint8_t* At(uint64_t address, uint64_t size) {
    const uint64_t offset = address - from_;
    if (offset > count_ || offset + size >= count_) {
      count_ = Min<uint64_t>(end_ - address, kBytes);
      from_ = address;
      if (!ebpf_port_read_nofault(bytes_, address, count_)) {
        count_ = 0;
        return nullptr;
      }
    }
    return bytes_ + (address - from_);
  }

 private:
  static constexpr uint32_t kBytes = 32;

  const uint64_t end_;
  uint64_t from_ = 0;
  uint64_t count_ = 0;
  // What is read of the last number may lie behind the object.
  uint8_t bytes_[kBytes + kMaxIntegerBytes] = {};
};

}  // namespace ebpf
