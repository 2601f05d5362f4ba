// SPDX-License-Identifier: MIT
//
// Arguments of helpers that are special fields: locks, timers, slots of kptrs.
#pragma once

#include "core/verifier/helper_args.h"

namespace ebpf::verifier {

/// Register `number` points to such a field, which `kind` names; what it is
/// goes to `call`. Takes and gives back locks.
Status CheckFieldArgument(Verification& v, const HelperPrototype& helper,
                          unsigned number, ArgKind kind, HelperCall& call);

/// Register `number`, a map's value, points to its timer or work queue.
Status CheckTimer(Verification& v, unsigned number, MapFieldKind kind,
                  HelperCall& call);

}  // namespace ebpf::verifier
