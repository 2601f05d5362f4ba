// SPDX-License-Identifier: MIT
//
// arch/x86_64/static_jump.h's implementation.
#include "arch/x86_64/static_jump.h"

#include "core/base/bits.h"
#include "core/base/memory.h"

namespace ebpf::x86_64 {

bool StaticJump::Make(uint64_t code, uint64_t target, uint8_t* bytes) {
  constexpr uint8_t kJmp = 0xe9;
  const auto distance = static_cast<int64_t>(target - (code + sizeof(kNoOp)));
  const auto near = static_cast<int32_t>(distance);
  if (near != distance) {
    return false;
  }
  bytes[0] = kJmp;
  CopyBytes(bytes + 1, &near, sizeof(near));
  return true;
}

}  // namespace ebpf::x86_64
