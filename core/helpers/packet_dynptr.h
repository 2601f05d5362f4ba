// SPDX-License-Identifier: MIT
//
// Dynptrs whose object is a packet's context: the packet may have moved or
// shrunk since they were made.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/helpers/dynptr.h"

namespace ebpf {

inline bool IsPacket(const Dynptr& dynptr) {
  return dynptr.kind() == DynptrKind::kPacket ||
         dynptr.kind() == DynptrKind::kXdp;
}

/// As Dynptr::Piece, of a packet; kFault: it does not have these bytes any
/// more. Context: any.
Result<Bytes> PieceOfPacket(const Dynptr& dynptr, uint64_t offset,
                            uint64_t size);

}  // namespace ebpf
