// SPDX-License-Identifier: MIT
//
// Reading a ring buffer map without mapping it: for read(2) on its descriptor
// and for consumers inside the kernel.
//
// They move the same position as user space that maps the ring does; a ring is
// read in one of the two ways at a time. To wait: Map::AddListener, then
// Map::Readable, then sleep.
#pragma once

#include <stddef.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/maps/map.h"

namespace ebpf {

/// Copies the payload of the ring's next record to `to`; its size, which may be
/// 0. kTryAgain: none is ready. kNoSpace: `to` is too small, the record stays.
/// kBadMessage: user space had left a wrong position, and what was in the ring
/// is lost. kInvalid: `map` is no ring. Context: task.
Result<size_t> ReadRingRecord(Map& map, Bytes to);

/// Copies as many whole records as are ready and fit, each as it is in the
/// ring: linux_abi::RingRecordHeader with its payload's size and 0, payload,
/// zeros up to a multiple of 8. The bytes written, at least 8; errors as above
/// when there is not one. Context: task.
Result<size_t> ReadRingRecords(Map& map, Bytes to);

}  // namespace ebpf
