// SPDX-License-Identifier: MIT
//
// Helpers that call functions of the program.
#pragma once

#include "core/helpers/prototype.h"
#include "core/verifier/helper_args.h"
#include "core/verifier/saved_state.h"
#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// Whether an argument of `helper` is a function that it calls.
bool CallsBack(const HelperPrototype& helper);

/// A call of such a helper, whose arguments are in order. If it may call its
/// function (once more), that path is kept for later, and EnterCallback begins
/// it.
Status CheckCallback(Verification& v, const HelperPrototype& helper,
                     const HelperCall& call);
void EnterCallback(Verification& v, const HelperPrototype& helper);

/// At the exit of a function that a helper called: the helper goes on, at
/// `v.next`.
Status ReturnFromCallback(Verification& v);

/// The helper is done: what follows is behind its call.
void EndCallbacks(Verification& v);

/// A state that comes back to the call, to a may_goto or to the step of an
/// iterator is not covered by the one that was there a round earlier. After
/// enough `rounds`, takes the numbers in which they differ for any number, so
/// that the next one will be.
void Widen(Verification& v, const SavedState& earlier, uint32_t rounds);

}  // namespace ebpf::verifier
