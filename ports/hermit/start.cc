// SPDX-License-Identifier: MIT
//
// The order in which the port's parts come up.
#include "ports/hermit/start.h"

#include "core/base/atomic.h"
#include "core/platform/armed_timers.h"
#include "core/platform/counter_time.h"
#include "core/platform/cpu.h"
#include "core/platform/errors.h"
#include "core/platform/gathered_cpus.h"
#include "core/platform/rendezvous.h"
#include "core/symbols/blob_symbols.h"
#include "ports/hermit/init.h"
#include "ports/hermit/kernel.h"
#include "ports/hermit/machine.h"

namespace ebpf::hermit {
namespace {

constinit Atomic<bool> started{false};

bool OpenSymbols() {
  const auto size =
      static_cast<size_t>(ebpf_hermit_symbols_end - ebpf_hermit_symbols);
  return OpenBlobSymbols(ConstBytes(ebpf_hermit_symbols, size),
                         reinterpret_cast<uintptr_t>(__ehdr_start));
}

}  // namespace

bool StartTask(void (*function)(uintptr_t unused), uint8_t priority,
               uint32_t cpu) {
  constexpr size_t kStackSize = 64 << 10;
  const uintptr_t interrupts = ebpf_port_irq_save();
  const int32_t task = sys_spawn2(function, 0, priority, kStackSize, cpu);
  ebpf_port_irq_restore(interrupts);
  return task >= 0;
}

}  // namespace ebpf::hermit

extern "C" int ebpf_hermit_start_port(void) {
  using namespace ebpf;
  using namespace ebpf::hermit;
  const size_t cpus = sys_get_processor_count();
  if (cpus > (kManyCpus ? Rendezvous::kMostCpus : 1)) {
    return kMinusNotSupported;
  }
  if (started.Exchange(true, kRelaxed)) {
    return kMinusExists;
  }
  uint64_t seed = 0;
  if (sys_secure_rand64(&seed) == 0) {
    SeedCounterRandom(seed);
  }
  if (!OpenSymbols()) {
    return kMinusNotFound;
  }
  const bool gathered = GatherCpus(static_cast<uint32_t>(cpus));
  // The symbols tell where the kernel's exception code ends.
  const bool installed = gathered && InstallTraps();
  ReleaseCpus(installed);
  if (!installed) {
    return gathered ? kMinusNotSupported : kMinusBusy;
  }
  if (StartTimer()) {
    OpenArmedTimers();
  }
  return StartWorker() ? 0 : kMinusNoMemory;
}
