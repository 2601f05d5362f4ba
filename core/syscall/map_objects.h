// SPDX-License-Identifier: MIT
//
// Maps whose values are descriptors on the client's side, and objects inside.
#pragma once

#include "core/syscall/map_access.h"

namespace ebpf {

/// Whether maps of this kind hold objects: their elements are put in and taken
/// out here.
bool HoldsObjects(MapType type);

/// Puts the object behind the descriptor that `value` is under `key`. `flags`
/// as bpf(2)'s update has them. kInvalid (flags, or not of the kind), kTooBig,
/// kBadFd, and what the kind says. Context: task, in no read section.
Status PutObject(const Call& call, const OpenMap& map, ConstBytes key,
                 ConstBytes value, uint64_t flags);

/// Lets go of what is under `key`: kTooBig, kNotFound. Context: task, in no
/// read section.
Status RemoveObject(Map& map, ConstBytes key);

}  // namespace ebpf
