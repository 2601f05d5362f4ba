// SPDX-License-Identifier: MIT
//
// core/platform/defer.h: a stack that any context can push to, and a semaphore,
// which may be posted in a signal handler.
#include "testing/host_port/host_defer.h"

#include <semaphore.h>
#include <time.h>

#include "core/platform/defer.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_thread.h"

namespace ebpf {
namespace {

std::atomic<ebpf_deferred*> g_pending{nullptr};
std::atomic<bool> g_supported{true};

sem_t* Semaphore() {
  static sem_t* semaphore = [] {
    auto* made = new sem_t;
    sem_init(made, 0, 0);
    return made;
  }();
  return semaphore;
}

// Made before main: the first use may be in a signal handler.
sem_t* const g_made_early = Semaphore();

}  // namespace

uint64_t RunHostDeferred() {
  host::RequireTaskContext("RunHostDeferred");
  uint64_t count = 0;
  while (ebpf_deferred* newest = g_pending.exchange(nullptr)) {
    ebpf_deferred* oldest = nullptr;
    while (newest != nullptr) {
      ebpf_deferred* next = newest->next;
      newest->next = oldest;
      oldest = newest;
      newest = next;
    }
    while (oldest != nullptr) {
      ebpf_deferred* work = oldest;
      oldest = work->next;  // `work` may be gone, or pending again, after run
      work->run(work);
      ++count;
    }
  }
  return count;
}

HostDeferWorker::HostDeferWorker(uint32_t cpu)
    : thread_([this, cpu] { Loop(cpu); }) {}

HostDeferWorker::~HostDeferWorker() {
  stop_ = true;
  sem_post(Semaphore());
  thread_.join();
}

void HostDeferWorker::Loop(uint32_t number) {
  HostCpu cpu(number);
  while (!stop_) {
    sem_wait(Semaphore());
    (void)RunHostDeferred();
  }
  (void)RunHostDeferred();
}

void SetHostDeferSupport(bool supported) { g_supported = supported; }

}  // namespace ebpf

extern "C" bool ebpf_port_defer(ebpf_deferred* work) {
  using namespace ebpf;
  if (!g_supported) {
    return false;
  }
  work->next = g_pending.load();
  while (!g_pending.compare_exchange_weak(work->next, work)) {
  }
  sem_post(Semaphore());
  return true;
}
