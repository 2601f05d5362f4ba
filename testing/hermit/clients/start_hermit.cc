// SPDX-License-Identifier: MIT
//
// testing/guest/demo/start.h for the real Hermit.
#include "ports/hermit/init.h"
#include "testing/guest/demo/start.h"

namespace guest {

constinit const char kDemoKernel[] = "Hermit (the real kernel)";

int StartEbpf() { return ebpf_hermit_init(); }

}  // namespace guest
