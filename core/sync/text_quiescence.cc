// SPDX-License-Identifier: MIT
//
// The text quiescence for slots: one rendezvous.
#include "core/sync/text_quiescence.h"

#include "core/platform/text.h"

namespace ebpf {
namespace {

// Coming together is all that is asked of the CPUs.
int DoNothing(void* /*argument*/) { return 0; }

}  // namespace

Status WaitForText(uintptr_t /*begin*/, size_t /*size*/) {
  int result = 0;
  switch (-ebpf_port_stop_machine(DoNothing, nullptr, &result)) {
    case 0:
      return Status::kOk;
    case static_cast<int>(Status::kBusy):
      return Status::kBusy;
    default:
      return Status::kNotSupported;
  }
}

}  // namespace ebpf
