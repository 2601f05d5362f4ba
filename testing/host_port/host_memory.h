// SPDX-License-Identifier: MIT
//
// The host port's memory: a balance, and allocations that fail on purpose.
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "core/memory/allocator.h"

namespace ebpf {

/// What ebpf_port_alloc and ebpf_port_mappable_alloc gave and have not got
/// back.
uint64_t HostAllocatedBytes();
uint64_t HostAllocatedBlocks();

/// Of these, what is in memory that processes may map.
uint64_t HostMappableBytes();

/// The most that was allocated at once since ResetHostPeakBytes.
uint64_t HostPeakBytes();
void ResetHostPeakBytes();

/// ebpf_port_alloc returns null rather than let more than `bytes` be allocated
/// at once; there is no limit at first.
void SetHostMemoryLimit(uint64_t bytes);

/// The `n`-th ebpf_port_alloc from now on (1: the next) returns null, once; 0:
/// none does. ebpf_port_exec_alloc counts too.
void FailNthAllocation(uint64_t n);

/// The same, and each one after it too.
void FailAllocationsFrom(uint64_t n);

/// Whether the allocation that was to fail has been reached.
bool AllocationFailed();

/// The allocator of a test: fails its `n`-th allocation (0: none), checks that
/// each block comes back with its own size and alignment, and panics in its
/// destructor if one did not come back.
class FailingAllocator final : public Allocator {
 public:
  explicit FailingAllocator(uint64_t n = 0) : fail_at_(n) {}
  ~FailingAllocator();

  [[nodiscard]] void* Allocate(size_t size, size_t align) override;
  void Free(void* memory, size_t size, size_t align) override;
  [[nodiscard]] void* AllocateMappable(size_t size) override;
  void FreeMappable(void* memory, size_t size) override;

  /// Whether an allocation failed.
  bool failed() const { return fail_at_ != 0 && calls_ >= fail_at_; }
  uint64_t calls() const { return calls_; }
  uint64_t outstanding_blocks() const { return blocks_; }
  uint64_t outstanding_bytes() const { return bytes_; }

 private:
  bool Fails();
  void* Counted(void* memory, size_t size);

  uint64_t fail_at_;
  uint64_t calls_ = 0;
  uint64_t blocks_ = 0;
  uint64_t bytes_ = 0;
};

/// Calls `body(allocator)` with allocators that fail at 1, 2, ... until one
/// failed nothing; prints and returns that number.
template <typename Body>
uint64_t ForEachFailingAllocation(const char* what, Body body) {
  for (uint64_t n = 1;; ++n) {
    FailingAllocator allocator(n);
    body(allocator);
    if (!allocator.failed()) {
      printf("%s: every allocation failed in turn, up to n = %llu\n", what,
             static_cast<unsigned long long>(n - 1));
      return n;
    }
  }
}

}  // namespace ebpf
