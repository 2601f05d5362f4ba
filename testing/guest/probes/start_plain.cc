// SPDX-License-Identifier: MIT
//
// testing/guest/probes/environment.h's StartPort for the plain port, on any
// CPU.
#include "testing/guest/personalities/plain/port.h"
#include "testing/guest/probes/environment.h"

namespace guest::probes {

bool StartPort() {
  if (!plain::PrepareText() || !plain::StartDeferWorker()) {
    return false;
  }
  plain::InstallHooks();
  return true;
}

}  // namespace guest::probes
