// SPDX-License-Identifier: MIT
//
// How eBPF comes up in Alien.
#include "core/capi/ebpf.h"
#include "machine/this_machine.h"
#include "ports/alien/defer.h"
#include "ports/alien/hooks.h"
#include "ports/alien/text_alias.h"

extern "C" int ebpf_alien_init(void) {
  // Without either, core does without: what needs them is then refused.
  ebpf::alien::PrepareTextAlias();
  ebpf::alien::StartDeferWorker();
  const ebpf_options options = {
      .cpu_features = ebpf::machine::ThisMachineFeatures(),
      .interpret = false,
      .blind_constants = false};
  return ebpf_init(
      reinterpret_cast<const ebpf_machine*>(&ebpf::machine::ThisMachine()),
      &options);
}
