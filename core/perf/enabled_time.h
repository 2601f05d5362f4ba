// SPDX-License-Identifier: MIT
//
// How long something has been enabled.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/platform/time.h"

namespace ebpf {

/// By ebpf_port_time_ns. Who asks while it is stopped may see a moment of it
/// too late. Context of all: any.
class EnabledTime {
 public:
  /// Nothing where it runs, or does not, already.
  void Start() {
    uint64_t stopped = 0;
    since_.CompareExchange(stopped, Max<uint64_t>(ebpf_port_time_ns(), 1),
                           kRelaxed);
  }
  void Stop() {
    before_.FetchAdd(Since(since_.Exchange(0, kRelaxed)), kRelaxed);
  }

  uint64_t total() const {
    return before_.Load(kRelaxed) + Since(since_.Load(kRelaxed));
  }

 private:
  static uint64_t Since(uint64_t begin) {
    const uint64_t now = begin == 0 ? 0 : ebpf_port_time_ns();
    return now > begin ? now - begin : 0;
  }

  Atomic<uint64_t> since_{0};  // or 0
  Atomic<uint64_t> before_{0};
};

}  // namespace ebpf
