// SPDX-License-Identifier: MIT
//
// Signals that play traps at any instruction of a test's thread.
#pragma once

#include <atomic>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <thread>

#include "testing/host_port/host_cpu.h"

namespace ebpf {

/// While one lives, `handler` interrupts the thread that made it, again and
/// again, as a trap does. One at a time.
class SignalTraps {
 public:
  explicit SignalTraps(void (*handler)()) {
    handler_ = handler;
    struct sigaction action = {};
    action.sa_handler = [](int) {
      const HostTrap trap;
      handler_();
    };
    Set(&action, &before_);
    sender_ = std::thread([this, target = pthread_self()] {
      while (!done_) {
        pthread_kill(target, SIGUSR2);
        std::this_thread::yield();
      }
    });
  }
  ~SignalTraps() {
    done_ = true;
    sender_.join();
    Set(&before_, nullptr);
  }

 private:
  static void Set(const struct sigaction* action, struct sigaction* before) {
    if (sigaction(SIGUSR2, action, before) != 0) {
      abort();
    }
  }

  static inline void (*handler_)();

  std::atomic<bool> done_{false};
  std::thread sender_;
  struct sigaction before_ = {};
};

}  // namespace ebpf
