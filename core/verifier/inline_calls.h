// SPDX-License-Identifier: MIT
//
// What some helpers do, in instructions.
#pragma once

#include <stdint.h>

#include "core/maps/map.h"
#include "core/verifier/rewriter.h"

namespace ebpf::verifier {

/// The most instructions that any of these puts.
inline constexpr uint32_t kMaxInlined = 24;

/// r0 = the number of the CPU.
Status InlineCpuId(Rewriter& out);

/// r0 = the value under the key at r2 in an array with `layout`, or 0.
Status InlineArrayLookup(Rewriter& out, const ArrayLayout& layout);

/// Bytes of stack that an inlined loop needs.
inline constexpr uint32_t kLoopStackBytes = 24;

/// bpf_loop(r1, function, r3, r4), where `function` is the old instruction that
/// it begins with, and r10 + `stack` (negative) are kLoopStackBytes for r6 to
/// r8.
Status InlineLoop(Rewriter& out, uint32_t function, int32_t stack);

}  // namespace ebpf::verifier
