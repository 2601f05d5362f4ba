// SPDX-License-Identifier: MIT
//
// DragonOS's port keeps core/platform's contract, on the kernel that plays
// DragonOS.
#include "ports/dragonos/services.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/port_contract/guest_environment.h"

namespace guest {

bool RunTests() {
  if (ebpf::dragonos::StartServices() != 0) {
    Panic("the port's services do not start");
  }
  return RunPortContract();
}

}  // namespace guest
