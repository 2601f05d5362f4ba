// SPDX-License-Identifier: MIT
//
// core/platform/memory.h on the C library, with every block
// accounted for.
#include "testing/host_port/host_memory.h"

#include <atomic>
#include <map>
#include <mutex>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/platform/mappable.h"
#include "core/platform/memory.h"
#include "testing/host_port/allocation_failure.h"
#include "testing/host_port/failed_allocations.h"
#include "testing/host_port/host_blocks.h"
#include "testing/host_port/host_thread.h"

namespace ebpf {
namespace {

constexpr size_t kPageSize = 4096;

struct Heap {
  std::mutex mutex;
  std::map<void*, host::Block> blocks;
  uint64_t bytes = 0;
  uint64_t mappable_bytes = 0;
  uint64_t peak = 0;
  uint64_t limit = UINT64_MAX;
};

// Lives as long as the process: blocks may be freed by exit handlers.
Heap& TheHeap() {
  static Heap* heap = new Heap;
  return *heap;
}

std::atomic<uint64_t> g_fail_at{0};
std::atomic<bool> g_failed{false};
std::atomic<bool> g_fails_on{false};  // also those after it

void* ZeroedBlock(size_t size, size_t align) {
  void* memory = nullptr;
  if (posix_memalign(&memory, align < sizeof(void*) ? sizeof(void*) : align,
                     size) != 0) {
    return nullptr;
  }
  memset(memory, 0, size);
  return memory;
}

bool FitsLimit(size_t size) {
  Heap& heap = TheHeap();
  std::lock_guard<std::mutex> lock(heap.mutex);
  return size <= heap.limit && heap.bytes <= heap.limit - size;
}

void CheckArguments(const host::Block& block) {
  const size_t align = block.align;
  if (block.size == 0 || align == 0 || (align & (align - 1)) != 0 ||
      align > kPageSize || (block.mappable && block.size % kPageSize != 0)) {
    Panic("ebpf_port_alloc: bad size or alignment");
  }
}

}  // namespace

namespace host {

bool TakeAllocationFailure() {
  uint64_t left = g_fail_at.load();
  while (left != 0) {
    if (g_fail_at.compare_exchange_weak(left, left - 1)) {
      if (left == 1) {
        g_failed = true;
        if (g_fails_on) {
          g_fail_at = 1;
        }
        NoteFailedAllocation();
        return true;
      }
      return false;
    }
  }
  return false;
}

void* GiveBlock(const char* who, const Block& block) {
  RequireTaskContext(who);
  CheckArguments(block);
  if (TakeAllocationFailure() || !FitsLimit(block.size)) {
    return nullptr;
  }
  void* memory = ZeroedBlock(block.size, block.align);
  if (memory != nullptr) {
    Heap& heap = TheHeap();
    std::lock_guard<std::mutex> lock(heap.mutex);
    heap.blocks[memory] = block;
    heap.bytes += block.size;
    heap.mappable_bytes += block.mappable ? block.size : 0;
    heap.peak = heap.bytes > heap.peak ? heap.bytes : heap.peak;
  }
  return memory;
}

void TakeBlock(const char* who, void* memory, const Block& block) {
  RequireTaskContext(who);
  Heap& heap = TheHeap();
  {
    std::lock_guard<std::mutex> lock(heap.mutex);
    const auto found = heap.blocks.find(memory);
    if (found == heap.blocks.end()) {
      Panic("ebpf_port_free: no such block");
    }
    if (found->second.size != block.size ||
        found->second.align != block.align) {
      Panic("ebpf_port_free: not the block's size and alignment");
    }
    if (found->second.mappable != block.mappable) {
      Panic("ebpf_port_free: the block is the other function's");
    }
    heap.blocks.erase(found);
    heap.bytes -= block.size;
    heap.mappable_bytes -= block.mappable ? block.size : 0;
  }
  memset(memory, 0xdd, block.size);  // who reads it after free shall notice
  free(memory);
}

}  // namespace host

void SetHostMemoryLimit(uint64_t bytes) {
  Heap& heap = TheHeap();
  std::lock_guard<std::mutex> lock(heap.mutex);
  heap.limit = bytes;
}

uint64_t HostAllocatedBytes() {
  Heap& heap = TheHeap();
  std::lock_guard<std::mutex> lock(heap.mutex);
  return heap.bytes;
}

uint64_t HostAllocatedBlocks() {
  Heap& heap = TheHeap();
  std::lock_guard<std::mutex> lock(heap.mutex);
  return heap.blocks.size();
}

uint64_t HostMappableBytes() {
  Heap& heap = TheHeap();
  std::lock_guard<std::mutex> lock(heap.mutex);
  return heap.mappable_bytes;
}

uint64_t HostPeakBytes() {
  Heap& heap = TheHeap();
  std::lock_guard<std::mutex> lock(heap.mutex);
  return heap.peak;
}

void ResetHostPeakBytes() {
  Heap& heap = TheHeap();
  std::lock_guard<std::mutex> lock(heap.mutex);
  heap.peak = heap.bytes;
}

void FailNthAllocation(uint64_t n) {
  g_failed = false;
  g_fails_on = false;
  g_fail_at = n;
}

void FailAllocationsFrom(uint64_t n) {
  FailNthAllocation(n);
  g_fails_on = true;
}

bool AllocationFailed() { return g_failed; }

FailingAllocator::~FailingAllocator() {
  if (blocks_ != 0) {
    Panic("FailingAllocator: memory was not given back");
  }
}

void* FailingAllocator::Allocate(size_t size, size_t align) {
  return Fails() ? nullptr : Counted(ebpf_port_alloc(size, align), size);
}

void* FailingAllocator::AllocateMappable(size_t size) {
  return Fails() ? nullptr : Counted(ebpf_port_mappable_alloc(size), size);
}

bool FailingAllocator::Fails() {
  if (++calls_ != fail_at_) {
    return false;
  }
  host::NoteFailedAllocation();
  return true;
}

void* FailingAllocator::Counted(void* memory, size_t size) {
  if (memory != nullptr) {
    ++blocks_;
    bytes_ += size;
  }
  return memory;
}

void FailingAllocator::Free(void* memory, size_t size, size_t align) {
  ebpf_port_free(memory, size, align);
  --blocks_;
  bytes_ -= size;
}

void FailingAllocator::FreeMappable(void* memory, size_t size) {
  ebpf_port_mappable_free(memory, size);
  --blocks_;
  bytes_ -= size;
}

}  // namespace ebpf

extern "C" {

void* ebpf_port_alloc(size_t size, size_t align) {
  return ebpf::host::GiveBlock("ebpf_port_alloc", {size, align, false});
}

void ebpf_port_free(void* memory, size_t size, size_t align) {
  ebpf::host::TakeBlock("ebpf_port_free", memory, {size, align, false});
}

}  // extern "C"
