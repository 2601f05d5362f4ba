// SPDX-License-Identifier: MIT
//
// The addresses to which followed calls return, and what they stand for.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"

namespace ebpf::machine {

/// arch/<isa>/machine/return_trampoline.S has these numbers too.
inline constexpr uint32_t kReturnStubCount = 2048;
inline constexpr uint32_t kReturnStubSize = 8;
inline constexpr uint32_t kReturnInstanceSize = 64;

/// Where the first stub is; 0 before there are instances.
[[gnu::visibility(
    "hidden")]] extern constinit Atomic<uint64_t> return_stubs_begin;

extern "C" {

/// An array of kReturnStubCount instances, each of kReturnInstanceSize bytes of
/// which the first eight are the address that the stub of the same number
/// stands for. Null: there are none. Unwinders read it: return_trampoline.S.
[[gnu::visibility(
    "hidden")]] extern constinit Atomic<void*> ebpf_return_instances;

}  // extern "C"

/// The address in the caller that `address`, a return address found on the
/// running context's own stack, stands for: another one if it is a stub's. The
/// one place where stubs are looked through. Context: any, in a read section or
/// with interrupts masked: ebpf_exit waits for both.
uint64_t RealReturnAddress(uint64_t address);

}  // namespace ebpf::machine
