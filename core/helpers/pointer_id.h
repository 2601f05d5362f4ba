// SPDX-License-Identifier: MIT
//
// Numbers that stand for kernel addresses in text, as Linux's %p prints them.
#pragma once

#include <stdint.h>

namespace ebpf {

/// Secret, random, chosen once.
struct PointerKey {
  uint64_t low;
  uint64_t high;
};

/// 32 bits that are the same for the same address and tell nothing about it:
/// SipHash-2-4 (Aumasson and Bernstein, 2012) of the address. Context: any.
uint32_t PointerId(const PointerKey& key, uint64_t address);

/// All 64 bits of that hash, for its test. Context: any.
uint64_t SipHash24(const PointerKey& key, uint64_t word);

}  // namespace ebpf
