// SPDX-License-Identifier: MIT
//
// SHA-1, for the tags of programs. [FIPS 180-4, section 6.1]
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"

namespace ebpf {

/// A digest in the making: any number of Add, one Finish. No secret depends on
/// it: tags only tell programs apart. Context: any.
class Sha1 {
 public:
  static constexpr size_t kDigestSize = 20;

  void Add(ConstBytes bytes);
  void Finish(uint8_t (&digest)[kDigestSize]);

 private:
  static constexpr size_t kBlockSize = 64;

  void AddBlock();

  uint32_t state_[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
                        0xc3d2e1f0};
  uint64_t size_ = 0;  // bytes so far; size_ % kBlockSize are in block_
  uint8_t block_[kBlockSize] = {};
};

}  // namespace ebpf
