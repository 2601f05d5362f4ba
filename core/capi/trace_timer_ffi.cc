// SPDX-License-Identifier: MIT
//
// core/capi/ebpf_trace.h's functions of events timer:*.
#include "core/capi/ebpf_trace.h"
#include "core/tracepoints/events/timer.h"

namespace ebpf {

extern "C" {

void ebpf_trace_timer_start(const void* timer, const void* function,
                            uint64_t expires, uint64_t now, uint32_t flags) {
  EBPF_TRACE(TimerStart, timer, expires, function, expires, now, flags);
}

void ebpf_trace_timer_expire_entry(const void* timer, const void* function,
                                   uint64_t now, uint64_t base) {
  EBPF_TRACE(TimerExpireEntry, timer, base, function, now);
}

void ebpf_trace_timer_expire_exit(const void* timer) {
  EBPF_TRACE(TimerExpireExit, timer);
}

void ebpf_trace_timer_cancel(const void* timer) {
  EBPF_TRACE(TimerCancel, timer);
}

void ebpf_trace_hrtimer_expire_entry(const void* timer, const void* function,
                                     int64_t now) {
  EBPF_TRACE(HrtimerExpireEntry, timer, now, function);
}

void ebpf_trace_hrtimer_expire_exit(const void* timer) {
  EBPF_TRACE(HrtimerExpireExit, timer);
}

void ebpf_trace_hrtimer_cancel(const void* timer) {
  EBPF_TRACE(HrtimerCancel, timer);
}

}  // extern "C"

}  // namespace ebpf
