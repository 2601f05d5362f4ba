// SPDX-License-Identifier: MIT
//
// The contract of ebpf_port_stop_machine, and that text which it changes is
// never executed in an old version.
#include "core/base/atomic.h"
#include "core/platform/cpu.h"
#include "core/platform/errors.h"
#include "core/platform/text.h"
#include "core/platform/time.h"
#include "core/selftest/case.h"
#include "core/selftest/code.h"

namespace ebpf::selftest {
namespace {

int StoreAndAnswer(void* argument) {
  ++*static_cast<int*>(argument);
  return 1234;
}

bool CanStop() {
  int runs = 0;
  int result = 0;
  return ebpf_port_stop_machine(StoreAndAnswer, &runs, &result) == 0;
}

bool HasOtherCpu() { return CanStop() && ebpf_port_cpu_count() > 1; }

void RunsTheFunctionOnce(Environment& environment) {
  int runs = 0;
  int result = 0;
  const int status = ebpf_port_stop_machine(StoreAndAnswer, &runs, &result);
  if (status == -95) {
    environment.Skipped("no rendezvous");
    return;
  }
  PORT_EXPECT(environment, status == 0);
  PORT_EXPECT(environment, runs == 1);
  PORT_EXPECT(environment, result == 1234);
}

/// A task that works on another CPU until it is told to end.
struct Worker {
  Atomic<uint64_t> steps{0};
  Atomic<bool> end{false};

  /// A kernel may test twice.
  void Renew() {
    steps.Store(0, kRelaxed);
    end.Store(false, kRelaxed);
  }
};

void Work(void* argument) {
  auto* worker = static_cast<Worker*>(argument);
  while (!worker->end.Load(kRelaxed)) {
    worker->steps.FetchAdd(1, kRelaxed);
  }
}

/// Whether `worker` makes a step within ten seconds.
bool Steps(const Worker& worker) {
  const uint64_t before = worker.steps.Load(kRelaxed);
  const uint64_t end = ebpf_port_time_ns() + 10'000'000'000;
  while (worker.steps.Load(kRelaxed) == before) {
    if (ebpf_port_time_ns() > end) {
      return false;
    }
    ebpf_port_relax();
  }
  return true;
}

int WatchForSteps(void* argument) {
  auto* worker = static_cast<Worker*>(argument);
  const uint64_t before = worker->steps.Load(kRelaxed);
  const uint64_t end = ebpf_port_time_ns() + 2'000'000;
  while (ebpf_port_time_ns() < end) {
    ebpf_port_relax();
  }
  return worker->steps.Load(kRelaxed) != before;
}

void OtherCpusStandStill(Environment& environment) {
  static constinit Worker worker;
  worker.Renew();
  if (!HasOtherCpu() || !environment.StartOn(1, Work, &worker)) {
    environment.Skipped("one CPU");
    return;
  }
  for (int i = 0; i < 20; ++i) {
    PORT_EXPECT(environment, Steps(worker));
    int stepped = 1;
    PORT_EXPECT(environment,
                ebpf_port_stop_machine(WatchForSteps, &worker, &stepped) == 0);
    PORT_EXPECT(environment, stepped == 0);
  }
  PORT_EXPECT(environment, Steps(worker));
  worker.end.Store(true, kRelaxed);
  environment.JoinTasks();
}

struct Masked {
  Atomic<bool> ready{false};
  Atomic<bool> end{false};
};

void MaskInterrupts(void* argument) {
  auto* masked = static_cast<Masked*>(argument);
  const uintptr_t irq = ebpf_port_irq_save();
  masked->ready.Store(true, kRelease);
  while (!masked->end.Load(kAcquire)) {
    ebpf_port_relax();
  }
  ebpf_port_irq_restore(irq);
}

void GivesUpOnACpuThatDoesNotCome(Environment& environment) {
  static constinit Masked masked;
  masked.ready.Store(false, kRelaxed);
  masked.end.Store(false, kRelaxed);
  if (!HasOtherCpu() || !environment.StartOn(1, MaskInterrupts, &masked)) {
    environment.Skipped("one CPU");
    return;
  }
  while (!masked.ready.Load(kAcquire)) {
    environment.Yield();
  }
  int runs = 0;
  int result = 0;
  PORT_EXPECT(environment, ebpf_port_stop_machine(StoreAndAnswer, &runs,
                                                  &result) == kMinusBusy);
  PORT_EXPECT(environment, runs == 0);
  masked.end.Store(true, kRelease);
  environment.JoinTasks();
  // The late interrupt does no harm to the next.
  for (int i = 0; i < 100; ++i) {
    PORT_EXPECT(environment,
                ebpf_port_stop_machine(StoreAndAnswer, &runs, &result) == 0);
  }
  PORT_EXPECT(environment, runs == 100);
}

constinit uint32_t stops_per_cpu = 0;
constinit uint64_t not_atomic = 0;
constinit Atomic<int> failed_stops{0};

int Increment(void* /*argument*/) {
  const uint64_t value = not_atomic;
  for (int i = 0; i < 20; ++i) {
    ebpf_port_relax();
  }
  not_atomic = value + 1;
  return 0;
}

void StopOften(void* /*argument*/) {
  for (uint32_t i = 0; i < stops_per_cpu; ++i) {
    int result = 0;
    if (ebpf_port_stop_machine(Increment, nullptr, &result) != 0) {
      failed_stops.FetchAdd(1, kRelaxed);
    }
  }
}

void TwoAtATimeTakeTurns(Environment& environment) {
  stops_per_cpu = 10 + environment.Patches() / 40;
  not_atomic = 0;
  failed_stops.Store(0, kRelaxed);
  if (!HasOtherCpu() || !environment.StartOn(1, StopOften, nullptr)) {
    environment.Skipped("one CPU");
    return;
  }
  StopOften(nullptr);
  environment.JoinTasks();
  PORT_EXPECT(environment, failed_stops.Load(kRelaxed) == 0);
  PORT_EXPECT(environment, not_atomic == 2 * uint64_t{stops_per_cpu});
}

// --- Freshness ---------------------------------------------------------------

/// One CPU writes version after version of a function and then publishes its
/// number; another calls the function and must never see one from before the
/// number that it read first.
struct Freshness {
  uintptr_t code = 0;
  Atomic<uint32_t> published{0};
  Atomic<uint64_t> calls{0};
  Atomic<uint64_t> stale{0};
  Atomic<bool> end{false};
};

/// Whether `value` is a version in [oldest, newest].
bool IsVersionIn(uint32_t value, uint32_t oldest, uint32_t newest) {
  for (uint32_t version = oldest; version <= newest; ++version) {
    if (value == ValueOf(version % kCodeCount) ||
        version - oldest >= kCodeCount) {
      return true;
    }
  }
  return false;
}

void CallVersions(void* argument) {
  auto* test = static_cast<Freshness*>(argument);
  uint64_t stale = 0;
  uint64_t calls = 0;
  while (!test->end.Load(kRelaxed)) {
    const uint32_t oldest = test->published.Load(kAcquire);
    const uint32_t value = CallCode(test->code);
    // The writer may have written one more than it has published.
    const uint32_t newest = test->published.Load(kAcquire) + 1;
    stale += !IsVersionIn(value, oldest, newest);
    test->calls.Store(++calls, kRelaxed);
  }
  test->stale.FetchAdd(stale, kRelaxed);
}

/// A place that a list of saved pcs shall hold.
struct Sought {
  uintptr_t begin;
  size_t size;
  int status;
  uint64_t found;
};

int ListSavedPcs(void* argument) {
  auto* sought = static_cast<Sought*>(argument);
  sought->status = ebpf_port_saved_pcs(
      [](void* self, uintptr_t pc) {
        auto& place = *static_cast<Sought*>(self);
        place.found += pc - place.begin < place.size ? 1 : 0;
      },
      argument);
  return 0;
}

/// Instructions of Work, which is one loop.
constexpr size_t kWorkSize = 512;

void SavedPcsTellWhereCpusWereInterrupted(Environment& environment) {
  static constinit Worker worker;
  worker.Renew();
  if (ebpf_port_preemption() == EBPF_PREEMPTION_UNKNOWN || !CanStop()) {
    environment.Skipped("this kernel cannot tell");
    return;
  }
  Sought sought = {reinterpret_cast<uintptr_t>(&Work), kWorkSize, 1, 0};
  int result = 0;
  PORT_EXPECT(environment,
              ebpf_port_stop_machine(ListSavedPcs, &sought, &result) == 0);
  PORT_EXPECT(environment, sought.status == 0);
  PORT_EXPECT(environment, sought.found == 0);
  if (!HasOtherCpu() || !environment.StartOn(1, Work, &worker)) {
    return;
  }
  PORT_EXPECT(environment, Steps(worker));
  // A sanitizer's part of the loop may lie elsewhere.
  for (int i = 0; i < 1000 && sought.found == 0; ++i) {
    PORT_ASSERT(environment,
                ebpf_port_stop_machine(ListSavedPcs, &sought, &result) == 0);
  }
  PORT_EXPECT(environment, sought.found != 0);
  worker.end.Store(true, kRelaxed);
  environment.JoinTasks();
}

/// Whether the other CPU calls the function within ten seconds.
bool IsCalled(const Freshness& test) {
  const uint64_t before = test.calls.Load(kRelaxed);
  const uint64_t end = ebpf_port_time_ns() + 10'000'000'000;
  while (test.calls.Load(kRelaxed) == before) {
    if (ebpf_port_time_ns() > end) {
      return false;
    }
    ebpf_port_relax();
  }
  return true;
}

void WriteVersions(Environment& environment, Freshness& test) {
  // The other CPU may be a slow one that shares its host with many.
  constexpr uint32_t kPatchesBetweenWaits = 50;
  const uint32_t patches = environment.Patches();
  for (uint32_t version = 1; version <= patches; ++version) {
    PORT_ASSERT(environment, StopAndWrite({test.code, BytesOfCode(version),
                                           kCodeSize}) == 0);
    test.published.Store(version, kRelease);
    if (version % kPatchesBetweenWaits == 0) {
      PORT_ASSERT(environment, IsCalled(test));
    }
  }
}

void NoCpuExecutesOldText(Environment& environment) {
  static constinit Freshness test;
  test.published.Store(0, kRelaxed);
  test.calls.Store(0, kRelaxed);
  test.stale.Store(0, kRelaxed);
  test.end.Store(false, kRelaxed);
  void* memory = ebpf_port_exec_alloc(
      kCodeSize, reinterpret_cast<uintptr_t>(BytesOfCode(0)), UINT64_MAX);
  if (!HasOtherCpu() || memory == nullptr) {
    environment.Skipped("one CPU, or no executable memory");
    if (memory != nullptr) {
      ebpf_port_exec_free(memory, kCodeSize);
    }
    return;
  }
  test.code = reinterpret_cast<uintptr_t>(memory);
  PORT_EXPECT(environment,
              StopAndWrite({test.code, BytesOfCode(0), kCodeSize}) == 0);
  if (!environment.StartOn(1, CallVersions, &test)) {
    environment.Skipped("one CPU");
    ebpf_port_exec_free(memory, kCodeSize);
    return;
  }
  WriteVersions(environment, test);
  test.end.Store(true, kRelaxed);
  environment.JoinTasks();
  PORT_EXPECT(environment, test.stale.Load(kRelaxed) == 0);
  ebpf_port_exec_free(memory, kCodeSize);
}

constexpr Case kCases[] = {
    {"Rendezvous.RunsTheFunctionOnce", RunsTheFunctionOnce, kMayKill},
    {"Rendezvous.OtherCpusStandStill", OtherCpusStandStill, kMayKill},
    {"Rendezvous.GivesUpOnACpuThatDoesNotCome", GivesUpOnACpuThatDoesNotCome,
     kMayKill},
    {"Rendezvous.TwoAtATimeTakeTurns", TwoAtATimeTakeTurns, kMayKill},
    {"Rendezvous.NoCpuExecutesOldText", NoCpuExecutesOldText, kMayKill},
    {"Rendezvous.SavedPcsTellWhereCpusWereInterrupted",
     SavedPcsTellWhereCpusWereInterrupted, kMayKill},
};

}  // namespace

Span<const Case> RendezvousCases() { return kCases; }

}  // namespace ebpf::selftest
