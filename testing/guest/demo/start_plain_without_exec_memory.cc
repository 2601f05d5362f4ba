// SPDX-License-Identifier: MIT
//
// testing/guest/demo/start.h for the plain kernel, if it had no executable
// memory.
#include "testing/guest/demo/start.h"
#include "testing/guest/personalities/plain/port.h"

namespace guest {

constinit const char kDemoKernel[] =
    "our guest kernel without executable memory";

int StartEbpf() {
  plain::SetExecMemory(false);
  return plain::InitPort();
}

}  // namespace guest
