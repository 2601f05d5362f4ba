// SPDX-License-Identifier: MIT
//
// core/maps/deferred_work.h's implementation.
#include "core/maps/deferred_work.h"

namespace ebpf {

bool DeferredWork::Request() {
  // Releases what the caller did before: pairs with the exchange in Run. If
  // the call is pending still, that exchange comes later and acquires it.
  if (pending_.Exchange(1, kAcqRel) != 0) {
    return true;
  }
  keep_alive_.Acquire();
  if (ebpf_port_defer(this)) {
    return true;
  }
  pending_.Store(0, kRelaxed);
  keep_alive_.Release();  // never the last one: the caller's remains
  return false;
}

void DeferredWork::Run(ebpf_deferred* self) {
  auto* work = static_cast<DeferredWork*>(self);
  // Acquires what was done before Request: pairs with the exchange there.
  (void)work->pending_.Exchange(0, kAcqRel);
  work->function_(work->argument_);
  work->keep_alive_.Release();  // may free `work`
}

}  // namespace ebpf
