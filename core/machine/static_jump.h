// SPDX-License-Identifier: MIT
//
// What an instruction set says of static keys' branches
// (core/tracepoints/static_key.h): what stands there when they are not taken,
// and when they are.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/base/types.h"

namespace ebpf::machine {

inline constexpr unsigned kMaxStaticSiteSize = 8;

/// arch/<isa>/static_jump.h has one type that satisfies this, and asserts it.
///
/// The type holds no state and touches no memory but `bytes`; core/tracepoints
/// does the writing, through core/probes/text_patch.h.
template <typename J>
concept StaticJumpFor =
    requires(uint64_t code, uint64_t target, uint8_t* bytes) {
      // One instruction that does nothing: what the compiler leaves.
      { J::NoOp() } -> SameAs<ConstBytes>;
      // Writes as many bytes, one instruction, that jumps from `code` to
      // `target`. False: that is out of reach.
      { J::Make(code, target, bytes) } -> SameAs<bool>;
    };

}  // namespace ebpf::machine
