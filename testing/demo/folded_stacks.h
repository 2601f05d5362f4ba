// SPDX-License-Identifier: MIT
//
// Stacks as flame graphs are made of them: names from the outermost function to
// the innermost, and how often each such path was seen.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"
#include "core/base/string_view.h"
#include "testing/demo/report.h"

namespace demo {

/// Paths of functions below one of them, and their counts. Too large for small
/// kernels' stacks.
class FoldedStacks {
 public:
  static constexpr size_t kMostPaths = 512;
  static constexpr size_t kMostDepth = 8;

  /// Paths begin at the function at address `root`.
  explicit FoldedStacks(uint64_t root) : root_(root) {}

  /// Adds what lies below the root in a stack of addresses, innermost first,
  /// zero behind the last; false if the root is not in it, or there is no room.
  bool Add(ebpf::Span<const uint64_t> addresses, uint64_t count);

  /// How often there was any function behind `function`, itself included.
  uint64_t CountOf(uint64_t function) const;

  /// Draws them, each function below its caller: a bar as long as its share of
  /// `total`, and its name.
  void Draw(Report& report, uint64_t total) const;

 private:
  struct Path {
    uint64_t functions[kMostDepth];
    size_t depth;
    uint64_t count;
  };

  static bool IsBefore(const Path& path, const Path& other);
  uint64_t SamplesOf(size_t index, size_t depth) const;
  static void DrawLine(Report& report, const Path& path, size_t depth,
                       uint64_t samples, uint64_t total);

  uint64_t root_;
  Path paths_[kMostPaths] = {};
  size_t count_ = 0;
};

}  // namespace demo
