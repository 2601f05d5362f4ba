// SPDX-License-Identifier: MIT
//
// Where a macro assembler puts its bytes, or only counts them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"

namespace ebpf::machine {

/// Counts what is appended and, once it has memory, keeps it. Both in the same
/// steps, so that a pass that measures costs no branch.
class CodeBuffer {
 public:
  /// The most that one Append, or one write at `next()`, may add.
  static constexpr size_t kMaxAppend = 32;

  /// Counts only.
  CodeBuffer() : start_(waste_), keep_(0) {}

  /// Starts again at 0, and counts only.
  void Measure() {
    memory_ = {};
    start_ = waste_;
    size_ = limit_ = keep_ = 0;
  }

  /// Starts again at 0 and keeps what fits in `memory`; what does not is
  /// counted, and `overflowed()` says so. The last kMaxAppend bytes of
  /// `memory` may be written past the code's end.
  void Use(Span<uint8_t> memory) {
    memory_ = memory;
    size_ = 0;
    const bool fits = memory.size() > kMaxAppend;
    start_ = fits ? memory.data() : waste_;
    limit_ = fits ? memory.size() - kMaxAppend : 0;
    keep_ = fits ? ~size_t{0} : 0;
  }

  /// Bytes appended so far: the offset of what comes next.
  size_t size() const { return size_; }

  bool overflowed() const { return !memory_.empty() && size_ > limit_; }

  /// Where the next bytes are to be written, at most kMaxAppend of them, before
  /// Advance counts them.
  uint8_t* next() {
    if (keep_ != 0 && size_ > limit_) [[unlikely]] {
      start_ = waste_;
      keep_ = 0;
    }
    return start_ + (size_ & keep_);
  }
  void Advance(size_t size) { size_ += size; }

  /// Appends the `size` (1..8) low bytes of `bytes`, the lowest first.
  void Append(uint64_t bytes, size_t size) {
    uint8_t* at = next();
    for (size_t i = 0; i < 8; ++i) {
      at[i] = static_cast<uint8_t>(bytes >> (8 * i));  // one store
    }
    size_ += size;
  }

 private:
  uint8_t* start_;
  size_t keep_;  // 0: count only
  size_t size_ = 0;
  size_t limit_ = 0;
  Span<uint8_t> memory_;
  uint8_t waste_[kMaxAppend];
};

}  // namespace ebpf::machine
