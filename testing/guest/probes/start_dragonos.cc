// SPDX-License-Identifier: MIT
//
// testing/guest/probes/environment.h's StartPort for DragonOS.
#include "ports/dragonos/services.h"
#include "testing/guest/probes/environment.h"

namespace guest::probes {

bool StartPort() { return ebpf::dragonos::StartServices() == 0; }

}  // namespace guest::probes
