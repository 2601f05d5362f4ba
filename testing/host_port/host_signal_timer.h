// SPDX-License-Identifier: MIT
//
// Interrupts of a test's own: signals that come to one thread by its timer.
#pragma once

#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

namespace ebpf {

/// While one lives the thread that made it gets `signal`, again and again.
class HostSignalTimer {
 public:
  HostSignalTimer(int signal, long every_ns) {
    struct sigevent event = {};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = signal;
    event._sigev_un._tid = gettid();
    struct itimerspec times = {};
    times.it_value.tv_nsec = times.it_interval.tv_nsec = every_ns;
    if (timer_create(CLOCK_MONOTONIC, &event, &timer_) != 0 ||
        timer_settime(timer_, 0, &times, nullptr) != 0) {
      abort();
    }
  }
  ~HostSignalTimer() { timer_delete(timer_); }
  HostSignalTimer(const HostSignalTimer&) = delete;
  HostSignalTimer& operator=(const HostSignalTimer&) = delete;

 private:
  timer_t timer_;
};

}  // namespace ebpf
