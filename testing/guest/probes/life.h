// SPDX-License-Identifier: MIT
//
// The life of probes in a guest, for the files of one image.
#pragma once

#include "core/memory/allocator.h"
#include "core/probes/kprobe.h"
#include "core/sync/read_section.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/probes/environment.h"

namespace guest::probes {

/// Starts the port once, and probes for the length of a test.
class Probes {
 public:
  Probes() {
    ok_ = PortStarted() && ebpf::InitReadSections() &&
          IsOk(ebpf::InitProbes(Machine(), ebpf::PortAllocator()));
  }
  ~Probes() {
    if (ok_) {
      GUEST_EXPECT(ebpf::ExitProbes());
      ebpf::ExitReadSections();
      GUEST_EXPECT_EQ(ebpf::PortAllocatedBytes(), 0);
    }
  }
  Probes(const Probes&) = delete;
  Probes& operator=(const Probes&) = delete;
  bool ok() const { return ok_; }

 private:
  static bool PortStarted() {
    static constinit bool started = false;
    started = started || StartPort();
    return started;
  }

  bool ok_ = false;
};

}  // namespace guest::probes
