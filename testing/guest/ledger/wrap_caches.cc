// SPDX-License-Identifier: MIT
//
// What stands around the maintenance of AArch64's caches.
#include "core/base/noprobe.h"
#include "testing/guest/ledger/careless.h"
#include "testing/guest/ledger/events.h"

namespace guest::ledger {

extern "C" {

void __real_ebpf_clean_data(uintptr_t address, size_t size);
void __real_ebpf_invalidate_insns(uintptr_t address, size_t size);
void __real_ebpf_sync_insn_stream(void);

EBPF_NOPROBE void __wrap_ebpf_clean_data(uintptr_t address, size_t size) {
  if (IsCareless(Carelessness::kForgetClean)) {
    return;
  }
  if (IsCareless(Carelessness::kInvalidateBeforeClean)) {
    late_clean = {address, size};
    return;
  }
  __real_ebpf_clean_data(address, size);
  Cleaned(address, size);
  if (IsCareless(Carelessness::kSyncBeforeInvalidate)) {
    __real_ebpf_sync_insn_stream();
    Synchronised();
  }
}

EBPF_NOPROBE void __wrap_ebpf_invalidate_insns(uintptr_t address, size_t size) {
  if (IsCareless(Carelessness::kForgetInvalidate)) {
    return;
  }
  __real_ebpf_invalidate_insns(address, size);
  Invalidated(address, size);
  if (IsCareless(Carelessness::kInvalidateBeforeClean)) {
    __real_ebpf_clean_data(late_clean.address, late_clean.size);
    Cleaned(late_clean.address, late_clean.size);
  }
}

}  // extern "C"

}  // namespace guest::ledger
