// SPDX-License-Identifier: MIT
//
// Copying values that hold special fields (map_fields.h): locks, timers and
// pointers are not bytes that anybody may copy in or out.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/maps/map_fields.h"

namespace ebpf::value_fields {

/// Writes `from` to the shared value at `to` (aligned to 8), but for the
/// special fields, which keep what they hold. Context: any.
void Store(MapFields fields, uint8_t* to, ConstBytes from);

/// The same under the value's bpf_spin_lock. kBusy where this CPU, interrupted,
/// holds it already. Context: any, preemption off.
Status StoreLocked(MapFields fields, uint8_t* to, ConstBytes from);

/// Overwrites a value that somebody may see, under its lock or not, as an array
/// does: what its special fields held goes, but for the lock. kBusy as above.
/// Context: any, preemption off.
Status Replace(MapFields fields, uint8_t* to, ConstBytes from, bool locked);

/// Reads the shared value at `from` (aligned to 8); special fields come out as
/// zeros. Context: any.
void Load(MapFields fields, Bytes to, const uint8_t* from);

/// The same under the value's bpf_spin_lock; kBusy as above.
Status LoadLocked(MapFields fields, Bytes to, uint8_t* from);

/// Sets the special fields of a value to nothing, before somebody sees it.
/// Context: any.
void Clear(MapFields fields, uint8_t* value);

/// Whether a program made a timer in the value. Context: any.
bool HasTimer(MapFields fields, const uint8_t* value);

/// Lets go of what the special fields hold, when the value goes out of its map:
/// timers are cancelled, and hold nothing then; objects are dropped. Locks stay
/// as they are: who found the value before may hold one. Context: any.
void Release(MapFields fields, uint8_t* value);

}  // namespace ebpf::value_fields
