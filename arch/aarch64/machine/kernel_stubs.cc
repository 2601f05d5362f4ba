// SPDX-License-Identifier: MIT
//
// Each vector of the kernel branches to a stub that saves registers, calls a
// function, restores and ends with ERET. An interrupt's function may be
// probed: the stub has saved ELR_EL1 and SPSR_EL1 before it. The function for
// synchronous exceptions may not: it reads ESR_EL1 and ELR_EL1 themselves.
#include "arch/aarch64/machine/kernel_stubs.h"

#include "core/platform/symbols.h"

namespace ebpf::aarch64 {
namespace {

constexpr size_t kVectorCount = 16;
constexpr size_t kVectorSize = 128;
/// Every fourth vector is a synchronous one.
constexpr size_t kKinds = 4;
/// Hermit's stubs have some 60.
constexpr size_t kMaxStubWords = 256;

// [arm/aarch64: C4.1, A64 instruction set encoding]
constexpr uint32_t kEret = 0xd69f03e0;
constexpr uint32_t kBranchMask = 0xfc000000;
constexpr uint32_t kBranch = 0x14000000;
constexpr uint32_t kBranchLink = 0x94000000;

struct Range {
  uintptr_t begin = 0;
  uintptr_t end = 0;
};
/// A vector, its stub, and the function that a synchronous stub calls.
constinit Range ranges[kVectorCount * 3] = {};
constinit size_t range_count = 0;

uint32_t WordAt(uintptr_t address) {
  return *reinterpret_cast<const uint32_t*>(address);
}

/// Where the B or BL at `address` leads.
uintptr_t BranchTarget(uintptr_t address) {
  const auto offset = static_cast<int32_t>(WordAt(address) << 6) >> 4;
  return address + static_cast<uintptr_t>(static_cast<intptr_t>(offset));
}

void Add(uintptr_t begin, uintptr_t end) {
  for (size_t i = 0; i < range_count; ++i) {
    if (ranges[i].begin == begin) {
      ranges[i].end = end > ranges[i].end ? end : ranges[i].end;
      return;
    }
  }
  ranges[range_count++] = {begin, end};
}

void AddFunction(uintptr_t address) {
  ebpf_symbol symbol = {};
  if (ebpf_port_symbol_by_address(address, &symbol)) {
    Add(symbol.address, symbol.address + symbol.size);
  }
}

/// A stub ends with ERET, or with a branch to a function that never returns.
void AddStub(uintptr_t begin, bool synchronous) {
  for (size_t i = 0; i < kMaxStubWords; ++i) {
    const uintptr_t at = begin + i * 4;
    const uint32_t word = WordAt(at);
    if (synchronous && (word & kBranchMask) == kBranchLink) {
      AddFunction(BranchTarget(at));
    }
    if (word == kEret || (word & kBranchMask) == kBranch) {
      Add(begin, at + 4);
      return;
    }
  }
  Add(begin, begin + kMaxStubWords * 4);
}

}  // namespace

void FindKernelStubs(uintptr_t vectors) {
  for (size_t i = 0; i < kVectorCount; ++i) {
    const uintptr_t vector = vectors + i * kVectorSize;
    Add(vector, vector + kVectorSize);
    if ((WordAt(vector) & kBranchMask) == kBranch) {
      AddStub(BranchTarget(vector), i % kKinds == 0);
    }
  }
}

bool IsKernelStub(uintptr_t address, size_t size) {
  for (size_t i = 0; i < range_count; ++i) {
    if (address < ranges[i].end && ranges[i].begin < address + size) {
      return true;
    }
  }
  return false;
}

}  // namespace ebpf::aarch64
