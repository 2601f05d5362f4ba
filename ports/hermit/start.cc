// SPDX-License-Identifier: MIT
//
// The order in which the port's parts come up.
#include "ports/hermit/start.h"

#include "core/base/atomic.h"
#include "ports/hermit/cpus.h"
#include "ports/hermit/init.h"
#include "ports/hermit/kernel.h"
#include "ports/hermit/machine.h"
#include "ports/hermit/symbols.h"
#include "ports/hermit/timer.h"

namespace {

constexpr int kMinusNotFound = -2;       // -ENOENT
constexpr int kMinusNoMemory = -12;      // -ENOMEM
constexpr int kMinusBusy = -16;          // -EBUSY
constexpr int kMinusExists = -17;        // -EEXIST
constexpr int kMinusNotSupported = -95;  // -EOPNOTSUPP

constinit ebpf::Atomic<bool> started{false};

}  // namespace

extern "C" int ebpf_hermit_start_port(void) {
  using namespace ebpf::hermit;
  const size_t cpus = sys_get_processor_count();
  if (cpus > (kManyCpus ? kMostCpus : 1)) {
    return kMinusNotSupported;
  }
  if (started.Exchange(true, ebpf::kRelaxed)) {
    return kMinusExists;
  }
  cpu_count = static_cast<uint32_t>(cpus);
  SeedRandom();
  if (!OpenSymbols()) {
    return kMinusNotFound;
  }
  const bool gathered = GatherCpus();
  // The symbols tell where the kernel's exception code ends.
  const bool installed = gathered && InstallTraps();
  ReleaseCpus(installed);
  if (!installed) {
    return gathered ? kMinusNotSupported : kMinusBusy;
  }
  StartTimers();
  return StartWorker() ? 0 : kMinusNoMemory;
}
