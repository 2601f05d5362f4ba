// SPDX-License-Identifier: MIT
//
// LD_ABS and LD_IND as functions: what fixup makes of these instructions.
#pragma once

#include <stdint.h>

namespace ebpf::helpers {

/// As DirectCall: r1 a context of type SkbContext, r2 an offset of 32 bits with
/// a sign; the number at that place of the packet, which the network's byte
/// order has, or a negative one where the packet ends before. Context: any.
uint64_t LoadPacket8(uint64_t context, uint64_t offset, uint64_t r3,
                     uint64_t r4, uint64_t r5);
uint64_t LoadPacket16(uint64_t context, uint64_t offset, uint64_t r3,
                      uint64_t r4, uint64_t r5);
uint64_t LoadPacket32(uint64_t context, uint64_t offset, uint64_t r3,
                      uint64_t r4, uint64_t r5);

}  // namespace ebpf::helpers
