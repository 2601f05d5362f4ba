// SPDX-License-Identifier: MIT
//
// The RISC-V side of core/machine/static_jump.h.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/machine/static_jump.h"

namespace ebpf::riscv64 {

/// ADDI x0, x0, 0 in its long form, and JAL x0. [riscv/unpriv: RV32I, NOP; JAL]
struct StaticJump {
  static constexpr uint8_t kNoOp[] = {0x13, 0x00, 0x00, 0x00};

  static constexpr ConstBytes NoOp() { return kNoOp; }
  static bool Make(uint64_t code, uint64_t target, uint8_t* bytes);
};
static_assert(machine::StaticJumpFor<StaticJump>);
static_assert(sizeof(StaticJump::kNoOp) <= machine::kMaxStaticSiteSize);

}  // namespace ebpf::riscv64
