// SPDX-License-Identifier: MIT
//
// The contract of core/platform, on ports/alien.
#include "ports/alien/defer.h"
#include "ports/alien/text_alias.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/port_contract/guest_environment.h"

namespace guest {

bool RunTests() {
  return ebpf::alien::PrepareTextAlias() && ebpf::alien::StartDeferWorker() &&
         RunPortContract();
}

}  // namespace guest
