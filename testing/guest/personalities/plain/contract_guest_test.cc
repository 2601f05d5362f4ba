// SPDX-License-Identifier: MIT
//
// The contract of core/platform, on the plain port.
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/personalities/plain/port.h"
#include "testing/guest/port_contract/guest_environment.h"

namespace guest {

bool RunTests() {
  if (!plain::PrepareText() || !plain::StartDeferWorker()) {
    return false;
  }
  plain::InstallHooks();
  return RunPortContract();
}

}  // namespace guest
