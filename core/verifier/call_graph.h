// SPDX-License-Identifier: MIT
//
// Which of a program's functions calls which.
#pragma once

#include <stdint.h>

#include "core/base/bits.h"

namespace ebpf::verifier {

/// BPF_MAX_SUBPROGS.
inline constexpr uint32_t kMaxSubprograms = 256;

/// Functions are numbers below kMaxSubprograms. All zero bytes are an empty
/// graph. 8 KiB: not for stacks.
class CallGraph {
 public:
  void Add(uint32_t caller, uint32_t callee) {
    rows_[caller][callee / 64] |= uint64_t{1} << callee % 64;
  }
  bool Has(uint32_t caller, uint32_t callee) const {
    return (rows_[caller][callee / 64] >> callee % 64 & 1) != 0;
  }

  /// Calls `f(caller, callee)` for each call between the first `count`.
  template <typename F>
  void ForEach(uint32_t count, F f) const {
    for (uint32_t caller = 0; caller < count; ++caller) {
      for (uint32_t word = 0; word * 64 < count; ++word) {
        for (uint64_t left = rows_[caller][word]; left != 0; left &= left - 1) {
          f(caller, word * 64 + CountTrailingZeros(left));
        }
      }
    }
  }

 private:
  uint64_t rows_[kMaxSubprograms][kMaxSubprograms / 64];
};

}  // namespace ebpf::verifier
