// SPDX-License-Identifier: MIT
#include "core/machine/return_stubs.h"

namespace ebpf::machine {

constinit Atomic<uint64_t> return_stubs_begin{0};
constinit Atomic<void*> ebpf_return_instances{nullptr};

uint64_t RealReturnAddress(uint64_t address) {
  // Pairs with the release in ReturnPool::Prepare, which stores it last.
  const uint64_t begin = return_stubs_begin.Load(kAcquire);
  if (begin == 0) {
    return address;
  }
  const auto* instances =
      static_cast<const uint8_t*>(ebpf_return_instances.Load(kRelaxed));
  // A function that another one ended in a jump to returns to the stub of that
  // one: at most all of them in a chain.
  for (uint32_t i = 0; i < kReturnStubCount; ++i) {
    const uint64_t offset = address - begin;
    if (offset >= uint64_t{kReturnStubCount} * kReturnStubSize ||
        offset % kReturnStubSize != 0) {
      break;
    }
    const uint8_t* instance =
        instances + offset / kReturnStubSize * kReturnInstanceSize;
    address = *reinterpret_cast<const uint64_t*>(instance);
  }
  return address;
}

}  // namespace ebpf::machine
