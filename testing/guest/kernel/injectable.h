// SPDX-License-Identifier: MIT
//
// A kernel function that may be made to fail, and one that may not: what a
// personality answers where its kernel is asked which are which.
#pragma once

#include <stdint.h>

extern "C" {

/// Takes `count` of what there is enough of and returns how many are taken now.
/// Its callers are ready for a negative errno at any time. Context: any.
long guest_reserve(long count);

/// Gives them back. It cannot fail, and its callers do not look. Context: any.
long guest_unreserve(long count);

}  // extern "C"

namespace guest {

/// Whether programs may have the function at `function` return what they want.
bool IsErrorInjectable(uintptr_t function);

}  // namespace guest
