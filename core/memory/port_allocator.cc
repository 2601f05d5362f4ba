// SPDX-License-Identifier: MIT
//
// The allocator on top of the port's memory, and its balance.
#include "core/base/atomic.h"
#include "core/memory/allocator.h"
#include "core/platform/memory.h"

namespace ebpf {
namespace {

class PortMemory final : public Allocator {
 public:
  constexpr PortMemory() = default;

  [[nodiscard]] void* Allocate(size_t size, size_t align) override {
    void* memory = ebpf_port_alloc(size, align);
    if (memory != nullptr) {
      outstanding_.FetchAdd(size, kRelaxed);
    }
    return memory;
  }

  void Free(void* memory, size_t size, size_t align) override {
    outstanding_.FetchSub(size, kRelaxed);
    ebpf_port_free(memory, size, align);
  }

  uint64_t outstanding() const { return outstanding_.Load(kRelaxed); }

 private:
  Atomic<uint64_t> outstanding_{0};
};

constinit PortMemory port_memory;

}  // namespace

Allocator& PortAllocator() { return port_memory; }

uint64_t PortAllocatedBytes() { return port_memory.outstanding(); }

}  // namespace ebpf
