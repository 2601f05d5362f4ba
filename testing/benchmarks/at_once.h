// SPDX-License-Identifier: MIT
//
// Two pieces of work on two CPUs at the same time, where other work on the
// machine may keep one of them waiting.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include "testing/host_port/host_cpu.h"

namespace ebpf::benchmarks {

/// Nanoseconds.
inline double Now() {
  return std::chrono::duration<double, std::nano>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// Of AtOnce: enough for a figure.
inline constexpr double kTogether = 0.8;

/// Runs `here`, and `there` in a thread of its own, which is our CPU 1 if
/// `ours`; which part of the time, 1 at most, both ran.
template <typename Here, typename There>
double AtOnce(bool ours, Here here, There there) {
  std::atomic<int> ready{0};
  double begin[2];
  double end[2];
  const auto run = [&](int which, auto& work) {
    ++ready;
    while (ready < 2) {
    }
    begin[which] = Now();
    work();
    end[which] = Now();
  };
  std::thread other([&] {
    std::optional<HostCpu> cpu;
    if (ours) {
      cpu.emplace(1);
    }
    run(1, there);
  });
  run(0, here);
  other.join();
  return (std::min(end[0], end[1]) - std::max(begin[0], begin[1])) /
         (std::max(end[0], end[1]) - std::min(begin[0], begin[1]));
}

}  // namespace ebpf::benchmarks
