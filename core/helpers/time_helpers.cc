// SPDX-License-Identifier: MIT
//
// Helpers that read the clock.
#include "core/helpers/functions.h"
#include "core/platform/time.h"

namespace ebpf::helpers {

/// u64 bpf_ktime_get_ns(void)
uint64_t KtimeGetNs(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return ebpf_port_time_ns();
}

/// u64 bpf_ktime_get_boot_ns(void): in Linux it counts the time in suspend
/// too. No kernel of ours can suspend, so the clocks are one.
uint64_t KtimeGetBootNs(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return ebpf_port_time_ns();
}

/// u64 bpf_ktime_get_coarse_ns(void): Linux's is cheaper and steps with the
/// timer tick; ours is as cheap as the fine one.
uint64_t KtimeGetCoarseNs(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return ebpf_port_time_ns();
}

}  // namespace ebpf::helpers
