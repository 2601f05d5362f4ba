// SPDX-License-Identifier: MIT
//
// Stopping the other CPUs: a signal to each thread, which waits in its handler
// (or, with interrupts masked, when it unmasks them). Calling one of them goes
// the same way.
#include "testing/host_port/host_rendezvous.h"

#include <atomic>
#include <errno.h>
#include <mutex>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <ucontext.h>

#include "core/base/assert.h"
#include "core/base/noprobe.h"
#include "core/platform/text.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_registry.h"
#include "testing/host_port/host_thread.h"

namespace ebpf::host {
namespace {

constexpr int kIpiSignal = SIGUSR1;

/// The state of the rendezvous, in one word, so that who arrives and who gives
/// up agree on whether it was in time.
struct Round {
  uint32_t number;
  uint16_t arrived;
  uint16_t gathering;  // bool
};
static_assert(sizeof(Round) == 8);

std::atomic<Round> g_round{Round{}};
/// CPUs that have arrived and not gone on yet.
std::atomic<uint32_t> g_stopped{0};
/// Whether any did at the last rendezvous. Under the registry's mutex.
bool g_stopped_others = false;
std::atomic<bool> g_supported{true};
std::atomic<uint64_t> g_timeout_ms{10000};
std::atomic<uint64_t> g_count{0};
std::atomic<uint64_t> g_timeouts{0};
std::atomic<uint64_t> g_fail_from{0};
std::atomic<const Thread*> g_stopping_thread{nullptr};

/// Where each CPU that has arrived will go on.
std::atomic<uintptr_t> g_interrupted_pcs[kMaxHostCpus];
std::atomic<bool> g_lists_saved_pcs{true};
std::atomic<uintptr_t> g_preempted_pc{0};

struct Registry {
  // Held during a whole rendezvous: CPUs neither come nor go meanwhile.
  std::mutex mutex;
  bool present[kMaxHostCpus] = {};
  pthread_t threads[kMaxHostCpus];
};

// Threads may end later than static destructors run.
Registry& TheRegistry() {
  static Registry* registry = new Registry;
  return *registry;
}

/// Waits a little. There are fewer processors than CPUs, and other work: who
/// only yields keeps those from running that it waits for.
EBPF_NOPROBE_INLINE void Pause(unsigned turn) {
  constexpr unsigned kYields = 50;
  constexpr timespec kSleep = {0, 50000};
  if (turn < kYields) {
    sched_yield();
  } else {
    nanosleep(&kSleep, nullptr);
  }
}

/// Makes this CPU fetch what was written.
EBPF_NOPROBE_INLINE void SynchroniseInsnStream() {
#if defined(__x86_64__)
  uint32_t a = 0, b, c = 0, d;
  asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d)::"memory");
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

/// Where what a signal interrupted goes on.
EBPF_NOPROBE_INLINE uintptr_t PcOf(const ucontext_t& context) {
#if defined(__x86_64__)
  return static_cast<uintptr_t>(context.uc_mcontext.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return context.uc_mcontext.pc;
#else
  return context.uc_mcontext.__gregs[REG_PC];
#endif
}

/// Arrives at the rendezvous that is gathering, if any, and stays until it is
/// over. The CPU then goes on at `pc`.
EBPF_NOPROBE void Join(uintptr_t pc) {
  if (t_thread.cpu_plus_one != 0) {
    g_interrupted_pcs[t_thread.cpu_plus_one - 1] = pc;
  }
  if (t_thread.cpu_plus_one == 0) {
    return;
  }
  ++g_stopped;
  Round round = g_round.load();
  do {
    if (!round.gathering) {
      --g_stopped;
      return;
    }
  } while (!g_round.compare_exchange_weak(
      round, Round{round.number, static_cast<uint16_t>(round.arrived + 1), 1}));
  t_thread.irq_depth = t_thread.irq_depth + 1;
  for (unsigned turn = 0; g_round.load().number == round.number; ++turn) {
    Pause(turn);
  }
  SynchroniseInsnStream();
  t_thread.irq_depth = t_thread.irq_depth - 1;
  --g_stopped;
}

/// A call of one CPU; one at a time, by the registry's mutex.
struct Call {
  void (*function)(void* argument);
  void* argument;
  std::atomic<bool> returned;
  /// Whose it is, its number + 1; 0: it was taken, or withdrawn.
  std::atomic<uint32_t> target;
};
Call g_call;

/// Makes the call that is for this CPU, if any.
EBPF_NOPROBE void Answer() {
  uint32_t self = t_thread.cpu_plus_one;
  if (self == 0 || !g_call.target.compare_exchange_strong(self, 0)) {
    return;
  }
  t_thread.irq_depth = t_thread.irq_depth + 1;
  g_call.function(g_call.argument);
  t_thread.irq_depth = t_thread.irq_depth - 1;
  g_call.returned = true;
}

EBPF_NOPROBE void OnIpi(int /*signal*/, siginfo_t* /*info*/, void* context) {
  const int saved_errno = errno;
  if (t_thread.irq_depth != 0) {
    t_thread.ipi_pending = 1;
  } else {
    Answer();
    Join(PcOf(*static_cast<const ucontext_t*>(context)));
  }
  errno = saved_errno;
}

void InstallIpi() {
  struct sigaction action = {};
  action.sa_sigaction = OnIpi;
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  sigfillset(&action.sa_mask);
  sigdelset(&action.sa_mask, SIGTRAP);
  sigdelset(&action.sa_mask, SIGSEGV);
  sigdelset(&action.sa_mask, SIGBUS);
  sigaction(kIpiSignal, &action, nullptr);
}

uint64_t NowMs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000 +
         static_cast<uint64_t>(now.tv_nsec) / 1000000;
}

/// Signals the other CPUs; how many there are.
uint16_t CallOthers(Registry& registry) {
  uint16_t count = 0;
  for (uint32_t cpu = 0; cpu < kMaxHostCpus; ++cpu) {
    if (registry.present[cpu] && cpu + 1 != t_thread.cpu_plus_one) {
      ++count;
      pthread_kill(registry.threads[cpu], kIpiSignal);
    }
  }
  return count;
}

/// Whoever was stopped runs on for a moment before it is stopped again. A real
/// CPU does so between two interrupts; a thread would find the next signal
/// there before its first instruction, for as long as somebody stops the
/// machine again and again.
void LetOthersRun() {
  constexpr timespec kMoment = {0, 20000};
  for (unsigned turn = 0; g_stopped != 0; ++turn) {
    Pause(turn);
  }
  nanosleep(&kMoment, nullptr);
}

/// Whether this rendezvous shall fail. Under the registry's mutex.
bool TakeFailure() {
  if (g_fail_from > 1) {
    --g_fail_from;
    return false;
  }
  return g_fail_from == 1;
}

/// Whether all `others` have arrived in time.
bool WaitForOthers(uint16_t others) {
  const uint64_t deadline = NowMs() + g_timeout_ms;
  for (unsigned turn = 0; g_round.load().arrived != others; ++turn) {
    if (NowMs() >= deadline) {
      return g_round.load().arrived == others;
    }
    Pause(turn);
  }
  return true;
}

}  // namespace

bool TextSupported() { return g_supported; }
bool InRendezvous() { return g_stopping_thread == &t_thread; }

void BlockIpi(sigset_t* mask) { sigaddset(mask, kIpiSignal); }

EBPF_NOPROBE void TakePendingIpi(uintptr_t pc) {
  // Again, since the next may come before this one is left.
  while (t_thread.irq_depth == 0 && t_thread.ipi_pending != 0) {
    t_thread.ipi_pending = 0;
    Answer();
    Join(pc);
  }
}

void RegisterCpu(uint32_t cpu) {
  Registry& registry = TheRegistry();
  std::lock_guard<std::mutex> lock(registry.mutex);
  static const bool installed = (InstallIpi(), true);
  (void)installed;
  if (registry.present[cpu]) {
    Panic("HostCpu: another thread is that CPU");
  }
  registry.present[cpu] = true;
  registry.threads[cpu] = pthread_self();
  t_thread.cpu_plus_one = cpu + 1;
}

void SignalCpus(int signal) {
  Registry& registry = TheRegistry();
  std::lock_guard<std::mutex> lock(registry.mutex);
  for (uint32_t cpu = 0; cpu < kMaxHostCpus; ++cpu) {
    if (registry.present[cpu]) {
      pthread_kill(registry.threads[cpu], signal);
    }
  }
}

void UnregisterCpu(uint32_t cpu) {
  Registry& registry = TheRegistry();
  std::lock_guard<std::mutex> lock(registry.mutex);
  registry.present[cpu] = false;
  t_thread.cpu_plus_one = 0;
}

}  // namespace ebpf::host

namespace ebpf {

void SetHostRendezvousTimeout(uint64_t milliseconds) {
  host::g_timeout_ms = milliseconds;
}
void FailRendezvousFrom(uint64_t n) { host::g_fail_from = n; }
void SetHostTextSupport(bool supported) { host::g_supported = supported; }
void ListHostSavedPcs(bool list) { host::g_lists_saved_pcs = list; }
void SetHostPreemptedPc(uintptr_t pc) { host::g_preempted_pc = pc; }
uint64_t HostRendezvousCount() { return host::g_count; }
uint64_t HostRendezvousTimeouts() { return host::g_timeouts; }

}  // namespace ebpf

extern "C" int ebpf_port_stop_machine(int (*function)(void*), void* argument,
                                      int* result) {
  using namespace ebpf::host;
  RequireTaskContext("ebpf_port_stop_machine");
  if (!g_supported) {
    return -EOPNOTSUPP;
  }
  Registry& registry = TheRegistry();
  std::lock_guard<std::mutex> lock(registry.mutex);
  if (TakeFailure()) {
    ++g_timeouts;
    return -EBUSY;
  }
  if (g_stopped_others) {
    LetOthersRun();
  }
  const uint32_t number = g_round.load().number;
  g_round = Round{number, 0, 1};
  const uint16_t others = CallOthers(registry);
  const bool complete = WaitForOthers(others);
  g_stopped_others = others != 0;
  if (complete) {
    t_thread.irq_depth = 1;
    g_stopping_thread = &t_thread;
    *result = function(argument);
    g_stopping_thread = nullptr;
    t_thread.irq_depth = 0;
    ++g_count;
  }
  g_round = Round{number + 1, 0, 0};  // lets them go on
  if (complete) {
    TakePendingIpi(kNowhere);
    return 0;
  }
  ++g_timeouts;
  return -EBUSY;
}

extern "C" int ebpf_port_saved_pcs(void (*see)(void*, uintptr_t),
                                   void* argument) {
  using namespace ebpf::host;
  if (!InRendezvous()) {
    ebpf::Panic("ebpf_port_saved_pcs: outside of a rendezvous");
  }
  const Registry& registry = TheRegistry();
  for (uint32_t cpu = 0; cpu < ebpf::kMaxHostCpus; ++cpu) {
    if (registry.present[cpu] && cpu + 1 != t_thread.cpu_plus_one &&
        g_lists_saved_pcs) {
      see(argument, g_interrupted_pcs[cpu]);
    }
  }
  if (g_preempted_pc != 0 && g_lists_saved_pcs) {
    see(argument, g_preempted_pc);
  }
  return 0;
}

extern "C" int ebpf_port_call_on_cpu(uint32_t cpu, void (*function)(void*),
                                     void* argument) {
  using namespace ebpf::host;
  RequireTaskContext("ebpf_port_call_on_cpu");
  if (!g_supported) {
    return -EOPNOTSUPP;
  }
  Registry& registry = TheRegistry();
  std::lock_guard<std::mutex> lock(registry.mutex);
  if (cpu >= ebpf::kMaxHostCpus || !registry.present[cpu]) {
    return -ENXIO;
  }
  g_call.function = function;
  g_call.argument = argument;
  g_call.returned = false;
  g_call.target = cpu + 1;
  pthread_kill(registry.threads[cpu], kIpiSignal);
  const uint64_t deadline = NowMs() + g_timeout_ms;
  for (unsigned turn = 0; !g_call.returned; ++turn) {
    uint32_t target = cpu + 1;
    if (NowMs() >= deadline &&
        g_call.target.compare_exchange_strong(target, 0)) {
      return -EBUSY;
    }
    Pause(turn);
  }
  return 0;
}
