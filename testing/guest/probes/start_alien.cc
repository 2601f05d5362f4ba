// SPDX-License-Identifier: MIT
//
// testing/guest/probes/environment.h's StartPort for Alien.
#include "ports/alien/defer.h"
#include "ports/alien/text_alias.h"
#include "testing/guest/probes/environment.h"

namespace guest::probes {

bool StartPort() {
  return ebpf::alien::PrepareTextAlias() && ebpf::alien::StartDeferWorker();
}

}  // namespace guest::probes
