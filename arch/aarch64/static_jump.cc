// SPDX-License-Identifier: MIT
//
// arch/aarch64/static_jump.h's implementation.
#include "arch/aarch64/static_jump.h"

#include "core/base/bits.h"
#include "core/base/memory.h"

namespace ebpf::aarch64 {

bool StaticJump::Make(uint64_t code, uint64_t target, uint8_t* bytes) {
  constexpr uint32_t kB = 0x14000000;
  constexpr int64_t kReach = int64_t{1} << 27;
  const auto distance = static_cast<int64_t>(target - code);
  if (distance < -kReach || distance >= kReach || distance % 4 != 0) {
    return false;
  }
  const uint32_t word =
      LittleEndian(kB | (static_cast<uint32_t>(distance >> 2) & 0x03ffffff));
  CopyBytes(bytes, &word, sizeof(word));
  return true;
}

}  // namespace ebpf::aarch64
