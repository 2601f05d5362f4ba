// SPDX-License-Identifier: MIT
//
// Which maps a program may name, what it may do with which, and what it may
// read of a map itself.
#pragma once

#include "core/helpers/prototype.h"
#include "core/verifier/memory_access.h"

namespace ebpf::verifier {

/// Whether a program of this type may name `map` at all.
Status CheckMapUsable(Verification& v, const Map& map);

/// Whether `helper` may be called with `map`.
Status CheckMapForHelper(Verification& v, const HelperPrototype& helper,
                         const Map& map);

/// A load of a field of struct bpf_map, or of what its kind makes of it, by the
/// kernel's BTF, through kMapPointer; `loaded` is what it gives. Stores are
/// refused.
Status AccessMap(Verification& v, const Access& access, RegState& loaded);

}  // namespace ebpf::verifier
