// SPDX-License-Identifier: MIT
//
// testing/guest/demo/start.h for the plain kernel.
#include "testing/guest/demo/start.h"
#include "testing/guest/personalities/plain/port.h"

namespace guest {

constinit const char kDemoKernel[] = "our guest kernel";

int StartEbpf() { return plain::InitPort(); }

}  // namespace guest
