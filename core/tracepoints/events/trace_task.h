// SPDX-License-Identifier: MIT
//
// What events say of a task: plain values, since each kernel's tasks are its
// own.
#pragma once

#include <stdint.h>

#include "core/base/string_view.h"

namespace ebpf {

/// Linux's TASK_COMM_LEN.
inline constexpr size_t kTaskCommSize = 16;

/// Lives while the event is passed. `ebpf_trace_task` of core/capi/ebpf.h.
struct TraceTask {
  /// The kernel's own, which raw programs get where Linux gives its
  /// task_struct; null where there is none, or it is nobody's business.
  const void* task;
  /// Ends with a zero, or after 16 characters.
  const char* comm;
  int32_t pid;
  int32_t prio;

  StringView name() const { return StringView::FromField(comm, kTaskCommSize); }
};
static_assert(sizeof(TraceTask) == 24);

/// The address of a value that lives as long as the expression:
/// EBPF_TRACE(SchedWakeup, task, AddressIn(TraceTask{...}), cpu).
template <typename T>
const T* AddressIn(const T& value) {
  return &value;
}

}  // namespace ebpf
