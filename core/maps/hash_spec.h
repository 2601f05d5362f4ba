// SPDX-License-Identifier: MIT
//
// What the four kinds of hash map must satisfy, with Linux's errors.
#pragma once

#include "core/base/status.h"
#include "core/maps/hash_table.h"
#include "core/maps/map_spec.h"

namespace ebpf {

/// kInvalid (flags, sizes of 0), kNotSupportedLinux (an LRU kind without
/// preallocation), kTooBig. `spec.type` is one of the four. Context: any.
Status CheckHashSpec(const MapSpec& spec);

/// `spec` as the map keeps it: with an LRU of each CPU's own, each gets as many
/// entries. Context: any.
MapSpec RoundedHashSpec(const MapSpec& spec);

/// The table of such a map; its seed is random, but for BPF_F_ZERO_SEED.
/// Context: task.
TableShape HashTableShape(const MapSpec& spec);

}  // namespace ebpf
