// SPDX-License-Identifier: MIT
//
// What maps that are rings have in common, whoever writes into them.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/maps/map.h"
#include "core/maps/map_spec.h"

namespace ebpf {

/// kInvalid: not the sizes and flags of a ring. Context: any.
Status CheckRingSpec(const MapSpec& spec);

/// The part of a ring's memory that an mmap of [offset, offset + size) gets;
/// kInvalid. `memory` is both pages of positions and the data once.
/// Context: any.
Result<MapPages> PagesOfRing(Bytes memory, uint64_t offset, uint64_t size);

}  // namespace ebpf
