// SPDX-License-Identifier: MIT
//
// testing/guest/demo/start.h for DragonOS.
#include "ports/dragonos/kernel.h"
#include "testing/guest/demo/start.h"

namespace guest {

constinit const char kDemoKernel[] = "DragonOS (played by our guest kernel)";

int StartEbpf() { return ebpf_dragonos_init(); }

}  // namespace guest
