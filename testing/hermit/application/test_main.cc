// SPDX-License-Identifier: MIT
//
// RunApplication() for images that have nothing but tests.
#include "testing/guest/kernel/test.h"
#include "testing/hermit/application/application.h"

namespace hermit {

bool RunApplication() { return guest::RunAllTests(); }

}  // namespace hermit
