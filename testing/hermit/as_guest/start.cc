// SPDX-License-Identifier: MIT
//
// testing/guest/demo/start.h for the real Hermit.
#include "testing/guest/demo/start.h"

#include "ports/hermit/init.h"

namespace guest {

constinit const char kDemoKernel[] = "Hermit (the real kernel)";

int StartEbpf() {
  // Several tests of an image may ask for it.
  static constinit bool up = false;
  const int error = up ? 0 : ebpf_hermit_init();
  up = error == 0;
  return error;
}

}  // namespace guest
