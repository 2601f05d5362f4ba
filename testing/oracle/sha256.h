// SPDX-License-Identifier: MIT
//
// SHA-256, by which Linux since 6.18 makes the tags of programs.
// [FIPS 180-4, section 6.2]
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"

namespace ebpf {

/// A digest in the making: any number of Add, one Finish. Context: any.
class Sha256 {
 public:
  static constexpr size_t kDigestSize = 32;

  void Add(ConstBytes bytes);
  void Finish(uint8_t (&digest)[kDigestSize]);

 private:
  static constexpr size_t kBlockSize = 64;

  void AddBlock();

  uint32_t state_[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  uint64_t size_ = 0;  // bytes so far; size_ % kBlockSize are in block_
  uint8_t block_[kBlockSize] = {};
};

}  // namespace ebpf
