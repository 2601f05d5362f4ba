// SPDX-License-Identifier: MIT
//
// The lowest few of many in one pass over them: for walks in an order that the
// many do not have, which take some at a time.
#pragma once

#include "core/base/span.h"
#include "core/base/types.h"

namespace ebpf {

/// As many of what is offered as there are places, the lowest by `<`: a heap
/// with the highest of them on top. Context: any.
template <typename T>
class Lowest {
 public:
  explicit Lowest(Span<T> places) : places_(places) {}

  bool Wants(const T& item) const {
    return count_ < places_.size() || (count_ != 0 && item < places_[0]);
  }
  /// Precondition: it is wanted.
  void Offer(const T& item) {
    if (count_ == places_.size()) {
      places_[0] = item;
      Sink(0, count_);
      return;
    }
    size_t at = count_++;
    places_[at] = item;
    while (at != 0 && places_[(at - 1) / 2] < places_[at]) {
      Swap(places_[(at - 1) / 2], places_[at]);
      at = (at - 1) / 2;
    }
  }
  /// Puts them in order; how many there are. Nothing is offered any more.
  size_t Sort() {
    for (size_t left = count_; left > 1; --left) {
      Swap(places_[0], places_[left - 1]);
      Sink(0, left - 1);
    }
    return count_;
  }

 private:
  void Sink(size_t at, size_t count) {
    while (2 * at + 1 < count) {
      size_t child = 2 * at + 1;
      if (child + 1 < count && places_[child] < places_[child + 1]) {
        ++child;
      }
      if (!(places_[at] < places_[child])) {
        return;
      }
      Swap(places_[at], places_[child]);
      at = child;
    }
  }

  const Span<T> places_;
  size_t count_ = 0;
};

}  // namespace ebpf
