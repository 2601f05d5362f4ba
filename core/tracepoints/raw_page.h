// SPDX-License-Identifier: MIT
//
// A page of a trace as Linux gives it to programs: its `header_page` and
// `header_event` files describe it, and libtraceevent reads it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"
#include "core/tracepoints/trace_ring.h"

namespace ebpf {

class RawTracePage {
 public:
  static constexpr size_t kSize = 4096;
  static constexpr size_t kDataSize = kSize - 2 * sizeof(uint64_t);

  /// Another page, without records. Context: any.
  void Clear();
  /// Puts a record behind the others, `lost` of which were lost before it.
  /// False: it needs a page of its own, and so do those behind it; one that is
  /// the first never does. Context: any.
  bool Add(const TraceRecord& record, uint64_t lost);

  bool empty() const { return used_ == 0; }
  /// All of it, up to Clear; zeros behind what was put there. Context: any.
  ConstBytes Finish();

 private:
  void Begin(uint64_t time, uint64_t lost);
  void PutWord(size_t kind, uint64_t time);

  uint64_t time_ = 0;  // of the last record
  uint64_t lost_ = 0;  // before the first
  size_t used_ = 0;    // of the data
  alignas(8) uint8_t page_[kSize] = {};
};

}  // namespace ebpf
