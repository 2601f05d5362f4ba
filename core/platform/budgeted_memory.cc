// SPDX-License-Identifier: MIT
//
// core/platform/budgeted_memory.h's implementation.
#include "core/platform/budgeted_memory.h"

#include "core/base/atomic.h"
#include "core/base/memory.h"
#include "core/platform/memory.h"

using ebpf::budgeted_memory;

namespace {

constinit ebpf::Atomic<size_t> used{0};

bool TakeBudget(size_t size) {
  size_t before = used.Load(ebpf::kRelaxed);
  do {
    if (size > budgeted_memory.budget - before) {
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
  void* memory = budgeted_memory.alloc(size, align);
  ebpf::FillBytes(memory, 0, size);
  return memory;
}

void ebpf_port_free(void* memory, size_t size, size_t align) {
  if (memory == nullptr) {
    return;
  }
  budgeted_memory.free(memory, size, align);
  used.FetchSub(size, ebpf::kRelaxed);
}

}  // extern "C"
