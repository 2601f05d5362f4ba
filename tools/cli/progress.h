// SPDX-License-Identifier: MIT
//
// Tells on standard error that something takes long and goes on.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace ebpf::cli {

/// While one lives, a line every `interval`: what is being done, for how long,
/// and how much memory the kernel beneath has given.
class Progress {
 public:
  Progress(const std::string& file, const std::string& program,
           std::chrono::milliseconds interval = std::chrono::seconds(5));
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  void Run();

  const std::string what_;
  const std::chrono::milliseconds interval_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace ebpf::cli
