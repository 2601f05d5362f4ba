// SPDX-License-Identifier: MIT
//
// What helpers give.
#pragma once

#include "core/verifier/helper_args.h"

namespace ebpf::verifier {

/// Sets r0 to what `helper` gives. r1..r5 hold nothing any more.
Status SetResult(Verification& v, const HelperPrototype& helper,
                 const HelperCall& call);

}  // namespace ebpf::verifier
