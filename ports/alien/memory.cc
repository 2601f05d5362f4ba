// SPDX-License-Identifier: MIT
//
// core/platform/memory.h on Alien, whose allocator panics instead of failing.
#include "core/platform/memory.h"

#include "core/base/atomic.h"
#include "core/base/memory.h"
#include "ports/alien/kernel.h"

namespace {

/// What eBPF may have of the kernel's heap of 512 MiB. A request beyond it is
/// refused here: the kernel could only die of it.
constexpr size_t kBudget = size_t{64} << 20;

constinit ebpf::Atomic<size_t> used{0};

bool TakeBudget(size_t size) {
  size_t before = used.Load(ebpf::kRelaxed);
  do {
    if (size > kBudget - before) {
      return false;
    }
  } while (!used.CompareExchange(before, before + size, ebpf::kRelaxed));
  return true;
}

}  // namespace

extern "C" {

void* ebpf_port_alloc(size_t size, size_t align) {
  if (!TakeBudget(size)) {
    return nullptr;
  }
  void* memory = alien_alloc(size, align);
  ebpf::FillBytes(memory, 0, size);
  return memory;
}

void ebpf_port_free(void* memory, size_t size, size_t align) {
  if (memory == nullptr) {
    return;
  }
  alien_dealloc(memory, size, align);
  used.FetchSub(size, ebpf::kRelaxed);
}

}  // extern "C"
