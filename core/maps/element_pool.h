// SPDX-License-Identifier: MIT
//
// The elements of a map that are made beforehand, and the lists of free ones.
//
// Each CPU has a list; who finds its own empty takes from the others'. A list
// is a stack whose head is one word, an element's number and a counter, changed
// by compare-and-exchange: so elements come and go in any context, nested on
// one CPU or on all at once, without a lock that a trap could find held. The
// counter makes an exchange fail when the head went away and came back between
// (it wraps after 2^32 changes of one list, while one CPU stands between a load
// and the exchange after it).
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/span.h"
#include "core/base/status.h"
#include "core/maps/chunked_array.h"
#include "core/memory/allocator.h"
#include "core/memory/per_cpu.h"
#include "core/platform/cpu.h"

namespace ebpf {

/// What each element begins with.
struct PoolElement {
  /// Number + 1 of the element below in its free list. Stale readers of it lose
  /// by the exchange that follows.
  Atomic<uint32_t> next_free;
  uint32_t number;
};

/// Memory for a fixed number of elements of one size, which stays elements of
/// this size until the pool dies: who holds on to a freed one reads some other
/// element, never foreign memory.
class ElementPool : public NonCopyable {
 public:
  explicit ElementPool(Allocator& allocator)
      : allocator_(allocator), elements_(allocator) {}

  /// Makes `count` elements of `element_size` bytes, a multiple of 8, zero but
  /// for the PoolElement in front, all of them free. kNoMemory, and the pool is
  /// good for destruction only. Context: task, once.
  Status Init(uint64_t count, size_t element_size);

  /// A free element, or null. Context: any; preemption is off.
  PoolElement* Take();

  /// The same of the list of `cpu`, whose elements Init made those of
  /// [FirstOf(cpu), FirstOf(cpu + 1)). Context: any.
  PoolElement* TakeOf(uint32_t cpu) { return Pop(free_.Of(cpu)); }

  /// Makes `element` free. Context: any; preemption is off.
  void Give(PoolElement* element) { Push(free_.Mine(), element); }

  /// The same, to the list of `cpu`. Context: any.
  void GiveTo(uint32_t cpu, PoolElement* element) {
    Push(free_.Of(cpu), element);
  }

  /// The element of this number, free or not. Context: any.
  PoolElement* At(uint32_t number) const {
    return reinterpret_cast<PoolElement*>(elements_.At(0, number));
  }

  uint32_t count() const { return count_; }

  /// The number of the first element that was made for `cpu`, and whose an
  /// element was. Context: any.
  uint32_t FirstOf(uint32_t cpu) const;
  uint32_t OwnerOf(uint32_t number) const {
    return static_cast<uint32_t>(uint64_t{number} * ebpf_port_cpu_count() /
                                 count_);
  }

 private:
  struct FreeList {
    Atomic<uint64_t> head;  // counter << 32 | number + 1
  };

  PoolElement* Pop(FreeList& list);
  static void Push(FreeList& list, PoolElement* element);

  Allocator& allocator_;
  uint32_t count_ = 0;
  ChunkedArray elements_;
  PerCpu<FreeList> free_;
};

}  // namespace ebpf
