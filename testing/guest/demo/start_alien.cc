// SPDX-License-Identifier: MIT
//
// testing/guest/demo/start.h for Alien.
#include "ports/alien/hooks.h"
#include "testing/guest/demo/start.h"

namespace guest {

constinit const char kDemoKernel[] = "Alien (played by our guest kernel)";

int StartEbpf() { return ebpf_alien_init(); }

}  // namespace guest
