// SPDX-License-Identifier: MIT
//
// The text quiescence: one rendezvous, and what the port says in it.
#include "core/sync/text_quiescence.h"

#include "core/platform/text.h"

namespace ebpf {
namespace {

int Inspect(void* argument) {
  const auto& inspection = *static_cast<const TextInspection*>(argument);
  const bool listed =
      ebpf_port_preemption() != EBPF_PREEMPTION_UNKNOWN &&
      ebpf_port_saved_pcs(inspection.see, inspection.argument) == 0;
  inspection.decide(inspection.argument, listed);
  return 0;
}

/// Whether anybody is in a range.
struct Range {
  uintptr_t begin;
  size_t size;
  bool is_listed;
  bool is_used;

  static void See(void* argument, uintptr_t pc) {
    auto& range = *static_cast<Range*>(argument);
    range.is_used = range.is_used || pc - range.begin < range.size;
  }
  static void Decide(void* argument, bool listed) {
    static_cast<Range*>(argument)->is_listed = listed;
  }
};

}  // namespace

Status InspectText(const TextInspection& inspection) {
  TextInspection copy = inspection;
  int result = 0;
  switch (-ebpf_port_stop_machine(Inspect, &copy, &result)) {
    case 0:
      return Status::kOk;
    case static_cast<int>(Status::kBusy):
      return Status::kBusy;
    default:
      return Status::kNotSupported;
  }
}

// Coming together is all that is asked of the CPUs.
Status WaitForMaskedText() { return WaitForText(0, 0); }

Status WaitForText(uintptr_t begin, size_t size) {
  Range range = {begin, size, false, false};
  EBPF_TRY(InspectText({Range::See, Range::Decide, &range}));
  if (size != 0 && !range.is_listed) {
    return Status::kNotSupported;
  }
  return range.is_used ? Status::kBusy : Status::kOk;
}

Status CanWaitForText() {
  bool can = false;
  EBPF_TRY(InspectText({[](void*, uintptr_t) {},
                        [](void* argument, bool listed) {
                          *static_cast<bool*>(argument) = listed;
                        },
                        &can}));
  return can ? Status::kOk : Status::kNotSupported;
}

}  // namespace ebpf
