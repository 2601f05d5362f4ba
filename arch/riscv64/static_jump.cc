// SPDX-License-Identifier: MIT
//
// arch/riscv64/static_jump.h's implementation.
#include "arch/riscv64/static_jump.h"

#include "arch/riscv64/encoder.h"
#include "core/base/bits.h"
#include "core/base/memory.h"

namespace ebpf::riscv64 {

bool StaticJump::Make(uint64_t code, uint64_t target, uint8_t* bytes) {
  constexpr unsigned kReachBits = 21;
  const auto distance = static_cast<int64_t>(target - code);
  if (!encode::Fits(distance, kReachBits) || distance % 2 != 0) {
    return false;
  }
  const uint32_t word = LittleEndian(encode::Jal(encode::kZero, distance));
  CopyBytes(bytes, &word, sizeof(word));
  return true;
}

}  // namespace ebpf::riscv64
