// SPDX-License-Identifier: MIT
//
// Static keys and probes in a guest, without the rest of eBPF.
#pragma once

#include "core/memory/allocator.h"
#include "core/probes/kprobe.h"
#include "core/sync/read_section.h"
#include "core/tracepoints/static_key.h"
#include "testing/guest/probes/environment.h"

namespace guest::static_keys {

/// Starts them, once for the image. Context: task.
inline bool Started() {
  static constinit bool started = false;
  if (!started) {
    started =
        probes::StartPort() && ebpf::InitReadSections() &&
        IsOk(ebpf::InitProbes(probes::Machine(), ebpf::PortAllocator())) &&
        IsOk(ebpf::InitStaticKeys(probes::Machine(), ebpf::PortAllocator()));
  }
  return started;
}

}  // namespace guest::static_keys
