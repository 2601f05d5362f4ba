// SPDX-License-Identifier: MIT
//
// In place of core/perf and what opens its events: as Linux without
// CONFIG_PERF_EVENTS.
#include "core/files/text_walk.h"
#include "core/syscall/perf_event_open.h"

namespace ebpf {

int64_t PerfEventOpen(Client& /*client*/, CallerPtr /*attr*/, int32_t /*pid*/,
                      int32_t /*cpu*/, int32_t /*group_fd*/,
                      uint64_t /*flags*/) {
  return -static_cast<int64_t>(Status::kNotImplemented);
}

// The type that libbpf looks for is not there to be opened.
Result<TextWalk*> BeginKprobeType(const TextViewer& /*viewer*/,
                                  Allocator& /*allocator*/) {
  return Status::kNotFound;
}

Result<TextWalk*> BeginKprobeReturnBit(const TextViewer& /*viewer*/,
                                       Allocator& /*allocator*/) {
  return Status::kNotFound;
}

}  // namespace ebpf
