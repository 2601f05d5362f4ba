// SPDX-License-Identifier: MIT
//
// The x86-64 side of core/machine/static_jump.h.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/machine/static_jump.h"

namespace ebpf::x86_64 {

/// NOP of five bytes, and JMP rel32. [intel/vol2: NOP; JMP]
struct StaticJump {
  static constexpr uint8_t kNoOp[] = {0x0f, 0x1f, 0x44, 0x00, 0x00};

  static constexpr ConstBytes NoOp() { return kNoOp; }
  static bool Make(uint64_t code, uint64_t target, uint8_t* bytes);
};
static_assert(machine::StaticJumpFor<StaticJump>);
static_assert(sizeof(StaticJump::kNoOp) <= machine::kMaxStaticSiteSize);

}  // namespace ebpf::x86_64
