// SPDX-License-Identifier: MIT
//
// Maps of an object, by name, as the peers inside this process need them.
#pragma once

#include <map>
#include <string>

#include "core/base/span.h"
#include "core/maps/map.h"

namespace ebpf::benchmarks {

using ObjectMaps = std::map<std::string, Ref<Map>>;

/// The maps that `object` defines, made anew. A kernel's object has no mistake:
/// one ends the process.
ObjectMaps MakeMaps(ConstBytes object);

/// Takes what is in ring buffers, as a consumer would.
void DrainRings(const ObjectMaps& maps);

}  // namespace ebpf::benchmarks
