// SPDX-License-Identifier: MIT
//
// core/objects/perf_event_link.h's implementation.
#include "core/objects/perf_event_link.h"

namespace ebpf {

Result<Ref<Link>> PerfEventLink::Create(Ref<PerfEvent> event,
                                        Ref<Program> program, uint64_t cookie,
                                        Allocator& allocator) {
  PerfEventLink* link =
      EBPF_TRY(allocator.New<PerfEventLink>(Move(event), program, allocator));
  Ref<Link> ref = Ref<Link>::Adopt(link);
  EBPF_TRY(link->event_->SetProgram(Move(program), cookie));
  link->attached_ = true;
  return ref;
}

void PerfEventLink::Destroy() {
  LeaveTable();
  if (attached_) {
    event_->ClearProgram();
  }
  allocator_.Delete(this);
}

}  // namespace ebpf
