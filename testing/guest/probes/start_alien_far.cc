// SPDX-License-Identifier: MIT
//
// testing/guest/probes/environment.h's StartPort for Alien, where all slots are
// farther away than a jal reaches: the pool in the kernel's text is taken.
#include "ports/alien/defer.h"
#include "ports/alien/exec_pool.h"
#include "ports/alien/text_alias.h"
#include "testing/guest/probes/environment.h"

namespace guest::probes {

bool StartPort() {
  for (size_t size = ebpf::ExecPool::kSize; size >= 64; size /= 2) {
    while (ebpf::alien::exec_pool.Take(size, 0, UINT64_MAX) != nullptr) {
    }
  }
  return ebpf::alien::PrepareTextAlias() && ebpf::alien::StartDeferWorker();
}

}  // namespace guest::probes
