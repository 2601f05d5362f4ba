// SPDX-License-Identifier: MIT
//
// What stands around ebpf_sync_insn_stream, and who is careless.
#include "core/base/noprobe.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/ledger/careless.h"
#include "testing/guest/ledger/events.h"

namespace guest::ledger {
namespace {

// Changed while no port works.
constinit Carelessness carelessness = Carelessness::kNone;
constinit uint32_t careless_cpus = 0;

}  // namespace

extern "C" void __real_ebpf_sync_insn_stream(void);

constinit Range late_clean = {};

void SetCarelessness(Carelessness how, uint32_t cpu_mask) {
  carelessness = how;
  careless_cpus = cpu_mask;
}

bool IsCareless(Carelessness how) {
  return carelessness == how && (careless_cpus >> machine::CpuId() & 1) != 0;
}

void BeforeCarelessWrite() {
  if (IsCareless(Carelessness::kSyncBeforeWrite)) {
    __real_ebpf_sync_insn_stream();
    Synchronised();
  }
}

extern "C" EBPF_NOPROBE void __wrap_ebpf_sync_insn_stream(void) {
  if (carelessness != Carelessness::kNone &&
      (IsCareless(Carelessness::kForgetSync) ||
       IsCareless(Carelessness::kSyncBeforeWrite) ||
       IsCareless(Carelessness::kSyncBeforeInvalidate))) {
    return;
  }
  // First: what follows may be text that has changed.
  __real_ebpf_sync_insn_stream();
  Synchronised();
}

}  // namespace guest::ledger
