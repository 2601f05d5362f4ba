// SPDX-License-Identifier: MIT
//
// Functions that a program leaves with the kernel: those of timers and work
// queues.
#pragma once

#include "core/verifier/verification.h"

namespace ebpf::verifier {

/// The kernel will call the function that begins at `start` with `map` (one of
/// those in a map of maps if `inner`), a key and a value of it.
Status AddAsyncCallback(Verification& v, uint32_t start, const Map* map,
                        bool inner, Async async);

/// Walks those that were not walked yet; `walked` if there was one.
Status WalkAsyncCallbacks(Verification& v, bool& walked);

/// At the exit of such a function: it returns 0.
Status CheckAsyncResult(Verification& v);

/// The pointer to a map, key or value that is passed to what is called for each
/// element. `origin`: RegState's.
RegState ElementArgument(Verification& v, RegType type, const Map* map,
                         uint32_t origin);

}  // namespace ebpf::verifier
