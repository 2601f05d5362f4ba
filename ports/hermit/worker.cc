// SPDX-License-Identifier: MIT
//
// core/platform/defer.h and the log on Hermit, whose console is behind locks. A
// task with interrupts on writes at once (the kernel's locks mask interrupts:
// it holds none); any other context leaves that to the worker.
#include "core/platform/worker.h"

#include "core/platform/version.h"
#include "machine/interrupts.h"
#include "ports/hermit/kernel.h"
#include "ports/hermit/machine.h"
#include "ports/hermit/start.h"

EBPF_PORT_WRITTEN_FOR(3);

namespace {

void WriteConsole(ebpf::StringView text) {
  constexpr int32_t kConsole = 1;
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  size_t size = text.size();
  while (size > 0) {
    const hermit_iovec part = {bytes, size};
    const ptrdiff_t written = sys_writev(kConsole, &part, 1);
    if (written <= 0) {
      return;  // there is no console
    }
    bytes += written;
    size -= static_cast<size_t>(written);
  }
}

void Work(uintptr_t /*unused*/) {
  // Waking a task takes the scheduler's locks, which a probe must not: so it
  // looks by itself. The kernel sleeps from 10 ms on and spins below.
  constexpr uint64_t kPeriodMicroseconds = 10'000;
  ebpf::hermit::LetInterruptsIn();
  for (;;) {
    ebpf::RunWork();
    sys_usleep(kPeriodMicroseconds);
  }
}

}  // namespace

constinit const ebpf::WorkerKernel ebpf::worker_kernel = {
    .print = &WriteConsole,
    .may_print = [] { return !machine::InterruptsMasked(); },
    .wake = nullptr};

namespace ebpf::hermit {

bool StartWorker() {
  constexpr uint8_t kPriority = 2;
  if (!StartTask(&Work, kPriority, 0)) {
    return false;
  }
  OpenWorker();
  return true;
}

}  // namespace ebpf::hermit
