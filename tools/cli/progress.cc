// SPDX-License-Identifier: MIT
//
// tools/cli/progress.h's implementation.
#include "tools/cli/progress.h"

#include <fmt/format.h>

#include "testing/host_port/host_memory.h"

namespace ebpf::cli {

Progress::Progress(const std::string& file, const std::string& program,
                   std::chrono::milliseconds interval)
    : what_(fmt::format("{}: {}", file, program)),
      interval_(interval),
      thread_([this] { Run(); }) {}

Progress::~Progress() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    done_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Progress::Run() {
  const auto begin = std::chrono::steady_clock::now();
  std::unique_lock<std::mutex> lock(mutex_);
  while (!changed_.wait_for(lock, interval_, [this] { return done_; })) {
    const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begin);
    fmt::print(stderr, "ebpf: {}: still verifying, {:.1f} s, {} KiB\n", what_,
               static_cast<double>(time.count()) / 1000,
               HostAllocatedBytes() / 1024);
  }
}

}  // namespace ebpf::cli
