// SPDX-License-Identifier: MIT
//
// In place of core/jit: programs are interpreted.
#include "core/jit/jit.h"

namespace ebpf {

void SetJitBlinding(bool /*on*/) {}

Engine* InitJit(const machine::MachineOps& /*machine*/,
                uint64_t /*cpu_features*/, Allocator& /*allocator*/) {
  return nullptr;
}

void ExitJit() {}

bool FindJitFixup(uint64_t /*pc*/, uint64_t* /*resume*/, uint8_t* /*dst*/) {
  return false;
}

size_t ListJitSymbols(uint64_t /*from*/, Span<JitSymbol> /*symbols*/) {
  return 0;
}

bool FindJitSymbol(uint64_t /*address*/, char (& /*name*/)[48],
                   uint64_t* /*begin*/, uint64_t* /*size*/,
                   uint32_t* /*insn*/) {
  return false;
}

}  // namespace ebpf
