// SPDX-License-Identifier: MIT
//
// Helpers that read the clock.
#include "core/helpers/functions.h"
#include "core/platform/time.h"

namespace ebpf::helpers {
namespace {

/// CONFIG_HZ.
constexpr uint32_t kTicksPerSecond = 100;

}  // namespace

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

/// u64 bpf_ktime_get_tai_ns(void)
uint64_t KtimeGetTaiNs(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  return ebpf_port_time_tai_ns();
}

/// u64 bpf_jiffies64(void): ticks of kTicksPerSecond, counted by the clock; as
/// in Linux the first are missing, so that they soon pass 2^32.
uint64_t Jiffies64(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  constexpr uint64_t kFirst = uint32_t{0} - 300 * kTicksPerSecond;
  return kFirst + ebpf_port_time_ns() / (1'000'000'000 / kTicksPerSecond);
}

}  // namespace ebpf::helpers
