// SPDX-License-Identifier: MIT
//
// What the program is attached to, by the kernel's BTF: the function whose
// arguments are its context.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Fills in `v.target` from the options, where programs of this type have one.
/// Refuses what Linux does: hooks that there are not, or not for programs.
Status FindTarget(Verification& v);

/// A load of the context of a program whose context are the arguments of
/// `v.target`.
Status LoadArgument(Verification& v, int32_t offset, uint32_t size,
                    RegState& loaded);

}  // namespace ebpf::verifier
