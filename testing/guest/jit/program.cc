// SPDX-License-Identifier: MIT
#include "testing/guest/jit/program.h"

#include "testing/guest/demo/start.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/thread.h"

namespace guest::jit {

bool Start() {
  static constinit bool started = false;
  started = started || StartEbpf() == 0;
  return started;
}

void RunOn(uint32_t cpu, void (*body)(void* argument), void* argument) {
  Thread* thread = Spawn("on", cpu, body, argument);
  if (thread == nullptr) {
    Panic("no memory for a thread");
  }
  Join(thread);
}

}  // namespace guest::jit
