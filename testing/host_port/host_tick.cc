// SPDX-License-Identifier: MIT
//
// testing/host_port/host_tick.h's implementation.
#include "testing/host_port/host_tick.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#include "testing/host_port/host_context.h"
#include "testing/host_port/host_thread.h"
#include "testing/host_port/host_timer.h"

namespace ebpf {
namespace {

using host::t_thread;

constexpr int kTickSignal = SIGALRM;
/// Timers that expire in one tick; the rest does in the next.
constexpr uint64_t kMostExpired = 64;

void OnTick(int /*signal*/, siginfo_t* /*info*/, void* context) {
  host::Thread& self = t_thread;
  if (self.cpu_plus_one == 0 || self.irq_depth != 0 ||
      self.held_lock_count != 0) {
    return;
  }
  const int saved_errno = errno;
  const uint32_t trap_depth = self.trap_depth;
  x86_64::PtRegs regs;
  host::FromContext(*static_cast<const ucontext_t*>(context), true, regs);
  self.irq_depth = 1;
  self.trap_depth = trap_depth + 1;
  self.interrupted_regs = &regs;
  host::RunExpired(kMostExpired);
  self.interrupted_regs = nullptr;
  self.trap_depth = trap_depth;
  self.irq_depth = 0;
  host::TakePendingIpi(regs.rip);
  errno = saved_errno;
}

}  // namespace

HostTicks::HostTicks(uint32_t period_us) {
  struct sigaction action = {};
  action.sa_sigaction = OnTick;
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  sigfillset(&action.sa_mask);
  sigdelset(&action.sa_mask, SIGTRAP);
  sigdelset(&action.sa_mask, SIGSEGV);
  sigdelset(&action.sa_mask, SIGBUS);
  sigaction(kTickSignal, &action, nullptr);
  thread_ = std::thread([this, period_us] {
    const timespec period = {0, static_cast<long>(period_us) * 1000};
    while (!stop_) {
      nanosleep(&period, nullptr);
      host::SignalCpus(kTickSignal);
    }
  });
}

HostTicks::~HostTicks() {
  stop_ = true;
  thread_.join();
  // What is still pending finds nobody.
  signal(kTickSignal, SIG_IGN);
}

}  // namespace ebpf
