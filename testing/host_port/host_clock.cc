// SPDX-License-Identifier: MIT
//
// core/platform/time.h on the host's monotonic clock.
#include "testing/host_port/host_clock.h"

#include <atomic>
#include <time.h>

#include "core/platform/time.h"

namespace ebpf {
namespace {

std::atomic<bool> g_stopped{false};
std::atomic<uint64_t> g_time{0};
std::atomic<uint64_t> g_random_state{1};

}  // namespace

void SetHostTime(uint64_t ns) {
  g_time = ns;
  g_stopped = true;
}

void ResumeHostTime() { g_stopped = false; }

void SeedHostRandom(uint64_t seed) { g_random_state = seed; }

}  // namespace ebpf

extern "C" {

uint64_t ebpf_port_time_ns(void) {
  if (ebpf::g_stopped) {
    return ebpf::g_time;
  }
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000 +
         static_cast<uint64_t>(now.tv_nsec);
}

uint64_t ebpf_port_time_tai_ns(void) {
  timespec now;
  clock_gettime(CLOCK_TAI, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000 +
         static_cast<uint64_t>(now.tv_nsec);
}

uint64_t ebpf_port_random(void) {
  // SplitMix64: a counter, well stirred.
  constexpr uint64_t kStep = 0x9e3779b97f4a7c15;
  uint64_t z = ebpf::g_random_state.fetch_add(kStep) + kStep;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // extern "C"
