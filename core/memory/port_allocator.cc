// SPDX-License-Identifier: MIT
//
// The allocator on top of the port's memory, and its balance.
#include "core/base/atomic.h"
#include "core/memory/allocator.h"
#include "core/platform/mappable.h"
#include "core/platform/memory.h"

namespace ebpf {
namespace {

class PortMemory final : public Allocator {
 public:
  constexpr PortMemory() = default;

  [[nodiscard]] void* Allocate(size_t size, size_t align) override {
    return Counted(ebpf_port_alloc(size, align), size);
  }

  void Free(void* memory, size_t size, size_t align) override {
    outstanding_.FetchSub(size, kRelaxed);
    ebpf_port_free(memory, size, align);
  }

  [[nodiscard]] void* AllocateMappable(size_t size) override {
    return Counted(ebpf_port_mappable_alloc(size), size);
  }

  void FreeMappable(void* memory, size_t size) override {
    outstanding_.FetchSub(size, kRelaxed);
    ebpf_port_mappable_free(memory, size);
  }

  uint64_t outstanding() const { return outstanding_.Load(kRelaxed); }

 private:
  void* Counted(void* memory, size_t size) {
    if (memory != nullptr) {
      outstanding_.FetchAdd(size, kRelaxed);
    }
    return memory;
  }

  Atomic<uint64_t> outstanding_{0};
};

constinit PortMemory port_memory;

}  // namespace

Allocator& PortAllocator() { return port_memory; }

uint64_t PortAllocatedBytes() { return port_memory.outstanding(); }

}  // namespace ebpf
