// SPDX-License-Identifier: MIT
//
// The body of an image that only runs its GUEST_TEST cases.
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/test.h"

namespace guest {

bool RunTests() { return RunAllTests(); }

}  // namespace guest
