// SPDX-License-Identifier: MIT
//
// The AArch64 side of core/machine/static_jump.h.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/machine/static_jump.h"

namespace ebpf::aarch64 {

/// NOP, and B. [arm/arm: C6.2, NOP; B]
struct StaticJump {
  static constexpr uint8_t kNoOp[] = {0x1f, 0x20, 0x03, 0xd5};

  static constexpr ConstBytes NoOp() { return kNoOp; }
  static bool Make(uint64_t code, uint64_t target, uint8_t* bytes);
};
static_assert(machine::StaticJumpFor<StaticJump>);
static_assert(sizeof(StaticJump::kNoOp) <= machine::kMaxStaticSiteSize);

}  // namespace ebpf::aarch64
