// SPDX-License-Identifier: MIT
//
// core/platform/memory.h on the C library, with every block accounted for.
#include "testing/host_port/host_memory.h"

#include <atomic>
#include <map>
#include <mutex>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/platform/memory.h"
#include "testing/host_port/allocation_failure.h"
#include "testing/host_port/failed_allocations.h"
#include "testing/host_port/host_thread.h"

namespace ebpf {
namespace {

struct Block {
  size_t size;
  size_t align;
};

struct Heap {
  std::mutex mutex;
  std::map<void*, Block> blocks;
  uint64_t bytes = 0;
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

void CheckArguments(size_t size, size_t align) {
  if (size == 0 || align == 0 || (align & (align - 1)) != 0 || align > 4096) {
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
  if (++calls_ == fail_at_) {
    host::NoteFailedAllocation();
    return nullptr;
  }
  void* memory = ebpf_port_alloc(size, align);
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

}  // namespace ebpf

extern "C" {

void* ebpf_port_alloc(size_t size, size_t align) {
  ebpf::host::RequireTaskContext("ebpf_port_alloc");
  ebpf::CheckArguments(size, align);
  if (ebpf::host::TakeAllocationFailure() || !ebpf::FitsLimit(size)) {
    return nullptr;
  }
  void* memory = ebpf::ZeroedBlock(size, align);
  if (memory != nullptr) {
    ebpf::Heap& heap = ebpf::TheHeap();
    std::lock_guard<std::mutex> lock(heap.mutex);
    heap.blocks[memory] = {size, align};
    heap.bytes += size;
    heap.peak = heap.bytes > heap.peak ? heap.bytes : heap.peak;
  }
  return memory;
}

void ebpf_port_free(void* memory, size_t size, size_t align) {
  ebpf::host::RequireTaskContext("ebpf_port_free");
  ebpf::Heap& heap = ebpf::TheHeap();
  {
    std::lock_guard<std::mutex> lock(heap.mutex);
    const auto found = heap.blocks.find(memory);
    if (found == heap.blocks.end()) {
      ebpf::Panic("ebpf_port_free: no such block");
    }
    if (found->second.size != size || found->second.align != align) {
      ebpf::Panic("ebpf_port_free: not the block's size and alignment");
    }
    heap.blocks.erase(found);
    heap.bytes -= size;
  }
  memset(memory, 0xdd, size);  // who reads it after free shall notice
  free(memory);
}

}  // extern "C"
