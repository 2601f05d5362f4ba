// SPDX-License-Identifier: MIT
//
// CPUs that do one thing until they are stopped, for storms.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "testing/host_port/host_cpu.h"

namespace ebpf {

/// Threads on CPUs 1, 2, ... of which each calls `work(i, cpu)` for i = 0, 1,
/// ... until Stop, and rests a little after each `batch` of them: there may be
/// fewer processors than threads.
class Load {
 public:
  using Work = std::function<void(uint64_t i, uint32_t cpu)>;

  Load(uint32_t count, uint64_t batch, Work work)
      : batch_(batch), work_(std::move(work)) {
    for (uint32_t cpu = 1; cpu <= count; ++cpu) {
      threads_.emplace_back([this, cpu] { Run(cpu); });
    }
  }
  void Stop() {
    stop_ = true;
    for (std::thread& thread : threads_) {
      thread.join();
    }
  }

 private:
  void Run(uint32_t number) {
    HostCpu cpu(number);
    for (uint64_t i = 0; !stop_; ++i) {
      work_(i, number);
      if (i % batch_ == 0) {
        std::this_thread::sleep_for(std::chrono::microseconds(10));
      }
    }
  }

  const uint64_t batch_;
  const Work work_;
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

}  // namespace ebpf
