// SPDX-License-Identifier: MIT
//
// The way that the walk came: so that a rejection can tell which it was.
#pragma once

#include <stdint.h>

#include "core/base/memory.h"

namespace ebpf::verifier {

/// The newest steps of the current path that lead elsewhere than to the next
/// instruction; all others follow. What is older than `kCapacity` steps is
/// forgotten.
class PathHistory {
 public:
  static constexpr uint32_t kCapacity = 4096;

  struct Step {
    uint32_t from;
    uint32_t to;
  };

  /// All steps of the path, forgotten ones too.
  uint32_t length() const { return length_; }
  /// The first step that is still known.
  uint32_t first() const { return first_; }

  /// A new path.
  void Clear() { length_ = first_ = 0; }
  void Add(uint32_t from, uint32_t to) {
    steps_[length_ % kCapacity] = Step{from, to};
    ++length_;
    if (length_ - first_ > kCapacity) {
      first_ = length_ - kCapacity;
    }
  }
  /// Back to where the path was `length` steps long.
  void ReturnTo(uint32_t length) {
    length_ = Min(length, length_);
    first_ = Min(first_, length_);
  }

  /// Precondition: first() <= number < length().
  const Step& At(uint32_t number) const { return steps_[number % kCapacity]; }

 private:
  uint32_t length_ = 0;
  uint32_t first_ = 0;
  Step steps_[kCapacity];
};

/// Goes a path back, one instruction after the other.
class PathReader {
 public:
  /// From `index`, where the path of `history` is; it began at `begin`.
  PathReader(const PathHistory& history, uint32_t begin, uint32_t index)
      : history_(history),
        begin_(begin),
        left_(history.length()),
        index_(index) {}

  uint32_t index() const { return index_; }
  /// How many steps of the path lead there.
  uint32_t left() const { return left_; }
  /// The instruction that followed on this path.
  uint32_t next() const { return next_; }
  /// How many instructions `index` lies back.
  uint32_t distance() const { return distance_; }

  /// To the instruction before; false where the path, or what is known of it,
  /// begins. `is_second(index)`: the second slot of an instruction.
  template <typename F>
  bool Back(F is_second) {
    uint32_t before = index_;
    if (left_ > history_.first() && history_.At(left_ - 1).to == index_) {
      before = history_.At(--left_).from;
    } else if (left_ == history_.first() && (left_ != 0 || index_ == begin_)) {
      return false;
    } else {
      --before;
      if (before > 0 && is_second(before)) {
        --before;
      }
    }
    next_ = index_;
    index_ = before;
    ++distance_;
    return true;
  }

 private:
  const PathHistory& history_;
  uint32_t begin_;
  uint32_t left_;
  uint32_t index_;
  uint32_t next_ = 0;
  uint32_t distance_ = 0;
};

}  // namespace ebpf::verifier
